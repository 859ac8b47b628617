"""The worker's process: started by exec, shaken hands with, watched through a pidfd, and always ended and reaped."""

from __future__ import annotations

import os
import secrets
import select
import signal
import socket
import subprocess
import time
import weakref
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from ffi_spectrum.errors import FarSideDied, ProtocolError, Unavailable
from ffi_spectrum.remote import frame
from ffi_spectrum.remote.lasting_thread import run_where_it_lasts

STARTUP_DEADLINE_S = 5.0
# How long the worker may take for each of CLOSE and SIGTERM before it gets the next, stronger word.
GRACE_S = 1.0


class WorkerProcess:
    """A worker that answered the handshake.

    It is started as `program PARENT_PID CONTROL_FD arguments...` and inherits 0, 1 and 2 (/dev/null twice, and our
    stderr), the control socket and `pass_fds`, which keep their numbers. `given_fds` are passed on, too, and then
    closed here, so that the worker's death is an end of file for us. Its answer to HELLO must repeat a nonce and name
    the kernel library's sha256, `library_sha256`.

    `close()`, the last reference's end and the interpreter's exit all end it, in the same order: CLOSE, SIGTERM and
    SIGKILL, then the functions `on_exit` (which must not refer to this object). In a forked child they do nothing.

    Raises Unavailable (no such program), ProtocolError (a wrong or silent answer), DeviceError (the worker cannot open
    its device) or FarSideDied; no process is left.
    """

    def __init__(
        self,
        program: Sequence[str],
        arguments: Sequence[str],
        library_sha256: str,
        *,
        pass_fds: Sequence[int] = (),
        given_fds: Sequence[int] = (),
        startup_deadline_s: float = STARTUP_DEADLINE_S,
        grace_s: float = GRACE_S,
        on_exit: Sequence[Callable[[], object]] = (),
    ) -> None:
        self.name = Path(program[0]).name
        try:
            self._popen, self._control = _spawn(program, arguments, pass_fds, given_fds)
        except BaseException as error:
            for function in on_exit:
                function()
            if isinstance(error, OSError):
                raise Unavailable(f"the worker {program[0]} cannot be started: {error}") from error
            raise
        self.pid: int = self._popen.pid
        self.pidfd: int = os.pidfd_open(self.pid)
        self._finalizer = weakref.finalize(
            self, _end, os.getpid(), self._popen, self._control, self.pidfd, grace_s, tuple(on_exit)
        )
        try:
            self._shake_hands(library_sha256, startup_deadline_s)
        except BaseException:
            self.kill()
            self.close()
            raise

    def close(self) -> None:
        """End the worker and reap it; a second time does nothing."""
        self._finalizer()

    def kill(self) -> None:
        """SIGKILL the worker, which may hang or be stopped, and reap it; `close` is still to be called."""
        self._popen.kill()
        with suppress(subprocess.TimeoutExpired):
            self._popen.wait(GRACE_S)

    def died(self, wait_s: float = 0.0) -> str:
        """How the worker ended, "" if it runs; `wait_s` is the time that it gets to end (after an end of file, say)."""
        if wait_s and self._popen.returncode is None and self._finalizer.alive:
            _wait(self.pidfd, wait_s)
        returncode = self._popen.poll()
        return "" if returncode is None else f"the worker {self.name} (process {self.pid}) {_ending(returncode)}"

    def death(self) -> FarSideDied:
        """The error for a connection that the worker closed: says how it ended, giving it a moment to end."""
        how = self.died(GRACE_S) or f"the worker {self.name} (process {self.pid}) closed the connection, and still runs"
        return FarSideDied(f"{how}; open the rung again")

    def place(self, cpus: Sequence[int]) -> None:
        """Let every thread of the worker run on `cpus` only; raises FarSideDied, OSError for CPUs it may not have."""
        tasks = Path(f"/proc/{self.pid}/task")
        placed: set[str] = set()
        try:
            while fresh := {task.name for task in tasks.iterdir()} - placed:  # a thread may be starting another
                for thread in fresh:
                    with suppress(ProcessLookupError):
                        os.sched_setaffinity(int(thread), cpus)
                placed |= fresh
        except (FileNotFoundError, ProcessLookupError):
            raise self.death() from None

    def _shake_hands(self, library_sha256: str, deadline_s: float) -> None:
        nonce = secrets.token_bytes(frame.NONCE_NBYTES)
        until = time.monotonic() + deadline_s
        with suppress(OSError):  # of a worker that has ended: the answer below is an end of file
            self._control.sendall(frame.Header(frame.HELLO, nbytes=len(nonce)).pack() + nonce)
        header = frame.unpack_header(self._receive(frame.HEADER.size, until, deadline_s))
        if header.status >= frame.DEVICE_STATUS:
            raise frame.refusal(header.status)
        if (header.op, header.status, header.nbytes) != (frame.HELLO, frame.OK, frame.HELLO_ANSWER.size):
            raise ProtocolError(f"the worker {self.name} answered the handshake with {header}: rebuild it")
        answer = self._receive(header.nbytes, until, deadline_s)
        echo, library, pid = frame.HELLO_ANSWER.unpack(answer)
        if echo != nonce or pid != self.pid:
            raise ProtocolError(f"the worker {self.name} repeated another nonce, or is not process {self.pid}")
        if library != library_sha256.encode():
            raise ProtocolError(
                f"the worker {self.name} is linked with the kernel library {library[:12].decode(errors='replace')}, "
                f"and {library_sha256[:12]} is meant: build both again"
            )

    def _receive(self, nbytes: int, until: float, deadline_s: float) -> bytes:
        content = b""
        while len(content) < nbytes:
            left_s = until - time.monotonic()
            if left_s <= 0 or not _wait(self._control.fileno(), left_s):
                raise ProtocolError(f"the worker {self.name} was silent for {deadline_s:g} s after its start")
            try:
                more = self._control.recv(nbytes - len(content))
            except ConnectionError:
                more = b""
            if not more:
                raise self.death()
            content += more
        return content


def _spawn(
    program: Sequence[str], arguments: Sequence[str], pass_fds: Sequence[int], given_fds: Sequence[int]
) -> tuple[subprocess.Popen[bytes], socket.socket]:
    """Start the worker from a thread that lasts, and close what is the worker's alone."""
    try:
        control, theirs = socket.socketpair()
        for end in (control, theirs):
            end.setblocking(True)  # whatever socket.setdefaulttimeout says
        command = [*program, str(os.getpid()), str(theirs.fileno()), *arguments]
        fds = (theirs.fileno(), *pass_fds, *given_fds)

        def start() -> subprocess.Popen[bytes]:
            # a process group of its own: Ctrl-C at the terminal is the client's to handle
            quiet = subprocess.DEVNULL
            return subprocess.Popen(command, stdin=quiet, stdout=quiet, process_group=0, pass_fds=fds)

        try:
            return run_where_it_lasts(start), control
        except BaseException:
            control.close()
            raise
        finally:
            theirs.close()
    finally:
        for fd in given_fds:
            os.close(fd)


def _end(
    owner: int,
    popen: subprocess.Popen[bytes],
    control: socket.socket,
    pidfd: int,
    grace_s: float,
    on_exit: tuple[Callable[[], object], ...],
) -> None:
    """The shutdown ladder; in a forked child, whose worker it is not, only the descriptors are closed."""
    if os.getpid() != owner:
        popen.returncode = 0  # so that its __del__ has nothing to warn about
        on_exit = ()
    try:
        if popen.poll() is None:
            with suppress(OSError):
                control.send(frame.Header(frame.CLOSE).pack(), socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL)
            if not _wait(pidfd, grace_s):
                popen.terminate()
                _wait(pidfd, grace_s)
    finally:  # also where Ctrl-C cut the waiting short
        popen.kill()
        popen.wait()
        control.close()
        os.close(pidfd)
        for function in on_exit:
            function()


def _wait(fd: int, timeout_s: float) -> bool:
    """True when `fd` can be read (a pidfd: its process has ended) within the time."""
    poller = select.poll()
    poller.register(fd, select.POLLIN)
    return bool(poller.poll(timeout_s * 1e3))


def _ending(returncode: int) -> str:
    if returncode >= 0:
        return f"ended with exit code {returncode}"
    try:
        return f"was ended by {signal.Signals(-returncode).name}"
    except ValueError:
        return f"was ended by signal {-returncode}"
