"""How the worker begins and ends: with its parent, with what it was given, and with nothing else."""

from __future__ import annotations

import fcntl
import os
import select
import signal
import socket
import stat
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from ffi_spectrum.remote import frame
from ffi_spectrum.remote.frame import CLOSE, FAULT, HELLO, PING, Header

from .running_worker import (
    DEADLINE_S,
    NONCE,
    ask,
    is_at_end,
    receive_frame,
    sealed_memory,
    serving,
    worker_path,
)

NBYTES = 1 << 16
# Starts a worker, says its process id, and waits to be killed: PROGRAM SOCKET_PATH CONTROL_FD.
PARENT = """
import os, subprocess, sys, time
program, path, control = sys.argv[1:]
worker = subprocess.Popen([program, str(os.getpid()), control, "uds", path], pass_fds=[int(control)])
print(worker.pid, flush=True)
time.sleep(60)
"""


@pytest.fixture(scope="module")
def program() -> Path:
    return worker_path("timed")


def test_it_holds_what_it_was_given_and_nothing_else(program: Path) -> None:
    """Even where its parent leaks descriptors into it."""
    with sealed_memory(NBYTES) as memory, closing(socket.socket()) as leaked, Path(os.devnull).open() as other:
        low, high = fcntl.fcntl(leaked, fcntl.F_DUPFD, 100), fcntl.fcntl(other, fcntl.F_DUPFD, 900)
        fds = [memory, leaked.fileno(), other.fileno(), low, high]
        with serving(program, str(memory), str(NBYTES), fds=fds) as worker:
            held = worker.descriptors()
            with worker.connect() as connection:
                ask(connection, Header(PING))
                assert len(worker.descriptors()) == len(held) + 1
        os.close(low)
        os.close(high)
    assert len(held) == 5
    assert [held[fd] for fd in (0, 1)] == [os.devnull, os.devnull]
    assert held[2].startswith("pipe:")  # our end reads what it complains of
    assert [link.partition(":")[0] for fd, link in held.items() if fd > 2] == ["socket", "socket"]


def test_only_its_user_can_reach_the_socket(program: Path) -> None:
    before = os.umask(0)
    try:
        with serving(program) as worker:
            assert stat.S_IMODE(worker.path.stat().st_mode) == 0o600
            assert stat.S_IMODE(worker.folder.stat().st_mode) == 0o700
            assert stat.S_ISSOCK(worker.path.stat().st_mode)
    finally:
        os.umask(before)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_another_user_is_turned_away(program: Path) -> None:
    """With every permission that lets it connect: what counts is the user that the kernel names."""
    with serving(program) as worker:
        worker.folder.chmod(0o711)
        worker.path.chmod(0o666)
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(DEADLINE_S)
        os.seteuid(65534)
        try:
            connection.connect(str(worker.path))
        finally:
            os.seteuid(0)
        with connection:
            assert is_at_end(connection)
        with worker.connect() as ours:
            assert ask(ours, Header(PING))[0].status == frame.OK


def test_the_end_of_the_control_socket_ends_it(program: Path) -> None:
    with serving(program) as worker:
        worker.control.close()
        assert worker.ending() == 0


def test_close_ends_it_also_in_the_middle_of_a_call(program: Path) -> None:
    with serving(program) as worker, worker.connect() as connection:
        connection.sendall(Header(FAULT, times=frame.FAULT_SLEEP, region_nbytes=60 * 10**9).pack())
        worker.control.sendall(Header(CLOSE).pack())
        assert worker.ending() == 0
        assert is_at_end(connection)


def test_close_comes_after_the_answers(program: Path) -> None:
    """What was asked before a CLOSE in the same piece is answered first, on either socket."""
    with serving(program) as worker, worker.connect() as connection:
        connection.sendall(Header(PING).pack() + Header(CLOSE).pack())
        assert receive_frame(connection)[0].op == PING
        assert is_at_end(connection)
        worker.control.sendall(Header(HELLO, nbytes=16).pack() + NONCE + Header(CLOSE).pack())
        assert receive_frame(worker.control)[0].op == HELLO
        assert worker.ending() == 0


def test_it_dies_with_its_parent(program: Path, tmp_path: Path) -> None:
    """By the kernel's signal alone: our end of the control socket stays open."""
    ours, theirs = socket.socketpair()
    command = [sys.executable, "-c", PARENT, str(program), str(tmp_path / "s"), str(theirs.fileno())]
    with (
        ours,
        theirs,
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True, pass_fds=[theirs.fileno()]) as parent,
    ):
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        ours.settimeout(DEADLINE_S)
        ours.sendall(Header(frame.HELLO, nbytes=16).pack() + bytes(16))
        assert ours.recv(1000)  # it serves
        pidfd = os.pidfd_open(pid)
        parent.kill()
        ended, _, _ = select.select([pidfd], [], [], 1.0)
        os.close(pidfd)
    assert ended


def test_sigterm_ends_it(program: Path) -> None:
    with serving(program) as worker:
        worker.popen.terminate()
        assert worker.ending() == -signal.SIGTERM


@pytest.mark.parametrize(("kind", "code"), [(frame.FAULT_CRASH, -signal.SIGSEGV), (frame.FAULT_EXIT, 3)])
def test_faults(program: Path, kind: int, code: int) -> None:
    with serving(program) as worker, worker.connect() as connection:
        connection.sendall(Header(FAULT, times=kind).pack())
        assert is_at_end(connection)
        assert worker.ending() == code


def test_a_fault_may_be_late_or_unknown(program: Path) -> None:
    with serving(program) as worker, worker.connect() as connection:
        start = time.monotonic()
        assert ask(connection, Header(FAULT, times=frame.FAULT_SLEEP, region_nbytes=10**8))[0].status == frame.OK
        assert time.monotonic() - start >= 0.1
        assert ask(connection, Header(FAULT, times=99))[0].status == frame.UNSUPPORTED


def test_it_rests_while_nobody_calls(program: Path) -> None:
    """No thread of it may run while it waits; the kernel counts every switch to it."""
    with serving(program) as worker, worker.connect() as connection:
        ask(connection, Header(PING))
        time.sleep(0.05)
        before = switches(worker.popen.pid)
        time.sleep(0.2)
        assert switches(worker.popen.pid) == before


def switches(pid: int) -> list[str]:
    texts = [(task / "status").read_text() for task in sorted(Path(f"/proc/{pid}/task").iterdir())]
    return [text.partition("voluntary_ctxt_switches:")[2].split()[0] for text in texts]
