"""The real worker, started as its parent would, and spoken to byte by byte."""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
import struct
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from ffi_spectrum.kernels.shapes import shapes_of
from ffi_spectrum.kernels.table import KERNELS
from ffi_spectrum.remote.frame import HEADER, HELLO, HELLO_ANSWER, Header, unpack_header
from ffi_spectrum.toolchain.build import Toolchain, probe
from ffi_spectrum.toolchain.remote import worker_program
from ffi_spectrum.toolchain.target import Build

# What ends a test that hangs; far above what any answer takes.
DEADLINE_S = 10.0
SHAPES = shapes_of(KERNELS.values())
NONCE = bytes(range(16))
SEALS = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL


def toolchain_for(build: Build) -> Toolchain:
    """gcc for ASan, as Zig ships no runtime for it; else Zig."""
    if build == "asan" and shutil.which("gcc") is None:
        pytest.skip(probe("gcc"))
    return Toolchain("gcc" if build == "asan" else "zig", build)


def worker_path(build: Build, faults: bool = True) -> Path:
    return worker_program(toolchain_for(build), SHAPES, faults=faults).path


class RunningWorker:
    """A worker and our end of its control socket; `folder` is private and holds the socket."""

    def __init__(self, popen: subprocess.Popen[str], control: socket.socket, folder: Path) -> None:
        self.popen, self.control, self.folder = popen, control, folder
        self.path = folder / "socket"

    def connect(self) -> socket.socket:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(DEADLINE_S)
        connection.connect(str(self.path))
        return connection

    def greet(self) -> None:
        """HELLO on the control socket, which is answered when the worker serves."""
        self.control.sendall(Header(HELLO, nbytes=16).pack() + NONCE)
        header, body = receive_frame(self.control)
        assert (header.op, header.status) == (HELLO, 0)
        nonce, _, pid = HELLO_ANSWER.unpack(body)
        assert (nonce, pid) == (NONCE, self.popen.pid)

    def ending(self) -> int:
        """The exit code, negative for a signal; fails where the worker goes on for a second."""
        return self.popen.wait(timeout=1.0)

    def is_alive(self) -> bool:
        return self.popen.poll() is None

    def address_space_nbytes(self, field: str = "VmSize") -> int:
        """Its size, or (VmPeak) the largest that it has had."""
        status = Path(f"/proc/{self.popen.pid}/status").read_text()
        return int(status.partition(f"{field}:")[2].split()[0]) * 1024

    def descriptors(self) -> dict[int, str]:
        """What the worker holds: number and what /proc calls it."""
        found = {}
        for link in Path(f"/proc/{self.popen.pid}/fd").iterdir():
            with suppress(FileNotFoundError):  # closed meanwhile
                found[int(link.name)] = str(link.readlink())
        return found


@contextmanager
def started(program: Path, *arguments: str, fds: Sequence[int] = (), parent: int = 0) -> Iterator[RunningWorker]:
    """A worker that serves `arguments` (its own socket, unless they name another mode); killed at the end."""
    with tempfile.TemporaryDirectory(prefix="ffis-") as name:
        ours, theirs = socket.socketpair()
        ours.settimeout(DEADLINE_S)
        mode = arguments if arguments[:1] == ("ring",) else ("uds", f"{name}/socket", *arguments)
        command = [str(program), str(parent or os.getpid()), str(theirs.fileno()), *mode]
        with (
            ours,
            subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                pass_fds=(theirs.fileno(), *fds), close_fds=True,
            ) as popen,
        ):  # fmt: skip
            theirs.close()
            try:
                yield RunningWorker(popen, ours, Path(name))
            finally:
                popen.kill()


@contextmanager
def serving(program: Path, *arguments: str, fds: Sequence[int] = ()) -> Iterator[RunningWorker]:
    """A worker that has answered HELLO."""
    with started(program, *arguments, fds=fds) as worker:
        worker.greet()
        yield worker


@contextmanager
def sealed_memory(nbytes: int, seals: int = SEALS) -> Iterator[int]:
    """A memfd as the client makes it."""
    fd = os.memfd_create("ffis-test", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        os.ftruncate(fd, nbytes)
        fcntl.fcntl(fd, fcntl.F_ADD_SEALS, seals)
        yield fd
    finally:
        os.close(fd)


def receive_exactly(connection: socket.socket, nbytes: int) -> bytes:
    """`nbytes`, or fewer where the stream ends before."""
    content = bytearray()
    while len(content) < nbytes:
        try:
            more = connection.recv(nbytes - len(content))
        except ConnectionResetError:  # what a Unix socket says where our bytes were left unread
            break
        if not more:
            break
        content += more
    return bytes(content)


def receive_frame(connection: socket.socket) -> tuple[Header, bytes]:
    """The next answer; fails where the stream ends before or within it."""
    start = receive_exactly(connection, HEADER.size)
    assert len(start) == HEADER.size, f"the stream ended after {len(start)} bytes"
    header = unpack_header(start)
    body = receive_exactly(connection, header.nbytes)
    assert len(body) == header.nbytes
    return header, body


def is_at_end(connection: socket.socket) -> bool:
    """True where nothing comes but the end."""
    return receive_exactly(connection, 1) == b""


def ask(connection: socket.socket, header: Header, body: bytes = b"") -> tuple[Header, bytes]:
    """Send a frame, whose `nbytes` is the body's length, and receive its answer."""
    connection.sendall(header._replace(nbytes=len(body)).pack() + body)
    return receive_frame(connection)


def result_of(body: bytes, letter: str = "q") -> int | float:
    """The result's slot of an answer."""
    value: int | float = struct.unpack_from(f"<{letter}", body)[0]
    return value


def until(condition: Callable[[], bool]) -> bool:
    """Whether it comes true before the deadline."""
    end = time.monotonic() + DEADLINE_S
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


@contextmanager
def as_users_have_it(build: Build, shared_nbytes: int) -> Iterator[RunningWorker]:
    """A worker that obeys no FAULT, with shared memory that holds nothing."""
    with (
        sealed_memory(shared_nbytes) as fd,
        serving(worker_path(build, faults=False), str(fd), str(shared_nbytes), fds=[fd]) as running,
    ):
        yield running
