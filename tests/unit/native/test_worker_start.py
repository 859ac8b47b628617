"""What the worker refuses at its start: another parent, memory that is not safe, arguments that say nothing."""

from __future__ import annotations

import fcntl
import os
import socket
import subprocess
from pathlib import Path

import pytest

from .running_worker import DEADLINE_S, SEALS, sealed_memory, serving, started, worker_path

NBYTES = 1 << 16


@pytest.fixture(scope="module")
def program() -> Path:
    return worker_path("timed")


def test_a_taken_path_is_left_alone(program: Path) -> None:
    with serving(program) as worker:
        inode = worker.path.stat().st_ino
        command = [str(program), str(os.getpid()), str(worker.control.fileno()), "uds", str(worker.path)]
        done = subprocess.run(
            command, pass_fds=[worker.control.fileno()], capture_output=True, text=True, timeout=DEADLINE_S
        )
        assert (done.returncode, done.stderr.count("Address already in use")) == (1, 1)
        assert worker.path.stat().st_ino == inode


@pytest.mark.parametrize("parent", [1, 2**31 - 1])
def test_it_serves_nobody_but_its_parent(program: Path, parent: int) -> None:
    with started(program, parent=parent) as worker:
        assert worker.ending() == 1
        assert worker.popen.stderr is not None
        assert "parent: another process than stated" in worker.popen.stderr.read()
        assert not worker.path.exists()


@pytest.mark.parametrize(
    ("seals", "stated_nbytes", "message"),
    [
        (0, NBYTES, "not sealed against shrinking"),
        (fcntl.F_SEAL_GROW, NBYTES, "not sealed against shrinking"),
        (SEALS, NBYTES + 1, "smaller than stated"),
        (SEALS, 0, "smaller than stated"),
        (SEALS, 2**63 - 1, "smaller than stated"),
    ],
)
@pytest.mark.parametrize("mode", ["uds", "ring"])
def test_memory_that_could_be_taken_away_is_refused(
    program: Path, mode: str, seals: int, stated_nbytes: int, message: str
) -> None:
    with sealed_memory(NBYTES, seals) as fd:
        memory = [str(fd), str(stated_nbytes)]
        with started(program, *(memory if mode == "uds" else ["ring", *memory]), fds=[fd]) as worker:
            assert worker.ending() == 1
            assert worker.popen.stderr is not None
            assert worker.popen.stderr.read() == f"ffis_worker: memfd: {message}\n"


def test_a_file_that_cannot_be_sealed_is_refused(program: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(bytes(NBYTES))
    with (
        (tmp_path / "file").open("r+b") as file,
        started(program, str(file.fileno()), str(NBYTES), fds=[file.fileno()]) as worker,
    ):
        assert worker.ending() == 1
        assert worker.popen.stderr is not None
        assert "not a file that can be sealed" in worker.popen.stderr.read()


@pytest.mark.parametrize(
    "arguments",
    [
        [], ["x"], ["-1"], ["PID"], ["PID", "CONTROL"], ["PID", "CONTROL", "tcp", "x"], ["PID", "CONTROL", "uds"],
        ["PID", "99", "uds", "PATH"], ["PID", "1", "uds", "PATH"], ["PID", "-3", "uds", "PATH"],
        ["PID", "4x", "uds", "PATH"], ["PID", "99999999999999999999", "uds", "PATH"], ["PID", "CONTROL", "ring"],
        ["PID", "CONTROL", "uds", "PATH", "4"], ["PID", "CONTROL", "uds", "PATH", "4", "5", "6"],
        ["PID", "CONTROL", "ring", "CONTROL", "64", "5"], ["PID", "CONTROL", "ring", "CONTROL", "-64"],
    ],
    ids=" ".join,
)  # fmt: skip
def test_wrong_arguments(program: Path, tmp_path: Path, arguments: list[str]) -> None:
    ours, theirs = socket.socketpair()
    words = {"PID": str(os.getpid()), "CONTROL": str(theirs.fileno()), "PATH": str(tmp_path / "s")}
    with ours, theirs:
        done = subprocess.run(
            [str(program), *(words.get(word, word) for word in arguments)],
            pass_fds=[theirs.fileno()], capture_output=True, text=True, timeout=DEADLINE_S,
        )  # fmt: skip
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("ffis_worker: ")
    assert done.stderr.count("\n") == 1


def test_a_path_that_no_socket_can_have(program: Path, tmp_path: Path) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        for path, why in ((tmp_path / ("x" * 108), "File name too long"), (tmp_path / "no" / "s", "No such file")):
            done = subprocess.run(
                [str(program), str(os.getpid()), str(theirs.fileno()), "uds", str(path)],
                pass_fds=[theirs.fileno()], capture_output=True, text=True, timeout=DEADLINE_S,
            )  # fmt: skip
            assert done.returncode == 1
            assert why in done.stderr
