"""How a worker's process ends: when it is told, when nobody holds it, and with its client, whatever happens to that."""

from __future__ import annotations

import gc
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from ffi_spectrum.errors import FarSideDied, Unavailable
from ffi_spectrum.remote.process import WorkerProcess

from .fake_worker import DEADLINE_S, LIBRARY, obedient, program, started
from .processes import belongings, descriptors_of, is_running, waits_until

pytestmark = pytest.mark.timeout(60)

TREE = Path(__file__).parents[3]
STUBBORN = "signal.signal(signal.SIGTERM, signal.SIG_IGN)\nhello()\nwhile True: time.sleep(60)"
DIES_WITH_PARENT = "import ctypes; ctypes.CDLL(None).prctl(1, 9)\n"


def test_only_what_was_named_is_inherited() -> None:
    ours, theirs = socket.socketpair()
    loose = os.open(os.devnull, os.O_RDONLY)
    os.set_inheritable(loose, True)
    given = theirs.detach()
    with ours:
        worker = obedient(given_fds=[given])
        found = descriptors_of(worker.pid)
        assert (found[0], found[1]) == (os.devnull, os.devnull)
        assert found[given].startswith("socket:")
        control = set(found) - {0, 1, 2, given}
        assert [found[fd].partition(":")[0] for fd in control] == ["socket"]
        worker.close()
    os.close(loose)


def test_its_death_is_an_end_of_file_for_us() -> None:
    ours, theirs = socket.socketpair()
    with ours:
        worker = obedient(given_fds=[theirs.detach()])
        ours.settimeout(1.0)
        os.kill(worker.pid, signal.SIGKILL)
        assert ours.recv(1) == b""
        assert worker.died(1.0).endswith("was ended by SIGKILL")
        assert "SIGKILL" in str(worker.death())


@pytest.mark.parametrize(
    ("script", "ending"),
    [
        ("hello()\nuntil_close()", "exit code 0"),
        ("hello()\nwhile True: time.sleep(60)", "SIGTERM"),
        (STUBBORN, "SIGKILL"),
        ("hello()\nos.kill(os.getpid(), signal.SIGSTOP)", "SIGKILL"),
    ],
    ids=["told", "deaf", "stubborn", "stopped"],
)
def test_ladder(script: str, ending: str) -> None:
    ended: list[str] = []
    worker = started(script, grace_s=0.3, on_exit=[lambda: ended.append("once")])
    worker.close()
    assert worker.died().endswith(ending)
    assert not is_running(worker.pid)
    worker.close()
    assert ended == ["once"]


def test_the_last_reference_ends_it() -> None:
    gc.collect()  # what earlier tests left is none of this worker's
    before = belongings()
    worker = obedient()
    pid = worker.pid
    del worker
    gc.collect()
    assert not is_running(pid)
    assert belongings() == before


def test_a_killed_worker_is_reaped() -> None:
    worker = started(STUBBORN)
    worker.kill()
    assert worker.died().endswith("SIGKILL")
    with pytest.raises(FarSideDied, match="SIGKILL"):
        worker.place([0])
    start = time.monotonic()
    worker.close()
    assert time.monotonic() - start < 0.5


def test_an_interrupted_close_still_ends_it() -> None:
    worker = started(STUBBORN, grace_s=30.0)

    def interrupt(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.1)
    try:
        with pytest.raises(KeyboardInterrupt):
            worker.close()
    finally:
        signal.signal(signal.SIGALRM, before)
    assert worker.died().endswith("SIGKILL")
    assert not is_running(worker.pid)


def test_every_thread_is_placed() -> None:
    threads = (
        "import threading\nfor _ in range(3): threading.Thread(target=time.sleep, args=(60,), daemon=True).start()\n"
    )
    worker = started(threads + "hello()\nuntil_close()")
    cpu = max(os.sched_getaffinity(0))
    worker.place([cpu])
    tasks = list(Path(f"/proc/{worker.pid}/task").iterdir())
    assert len(tasks) == 4
    assert all(os.sched_getaffinity(int(task.name)) == {cpu} for task in tasks)
    worker.close()


def started_in_a_thread() -> WorkerProcess:
    found: list[WorkerProcess] = []
    thread = threading.Thread(target=lambda: found.append(started(DIES_WITH_PARENT + "hello()\nuntil_close()")))
    thread.start()
    thread.join(DEADLINE_S)
    assert not thread.is_alive()
    return found[0]


def test_it_outlives_the_thread_that_asked_for_it() -> None:
    worker = started_in_a_thread()
    assert not waits_until(lambda: not is_running(worker.pid), 0.3)
    worker.close()


def test_a_failed_start_is_told_to_the_thread_that_asked() -> None:
    told: list[str] = []

    def start() -> None:
        try:
            WorkerProcess(["/nonexistent/worker"], [], LIBRARY)
        except Unavailable as error:
            told.append(error.reason)

    thread = threading.Thread(target=start)
    thread.start()
    thread.join(DEADLINE_S)
    assert [reason.split()[2] for reason in told] == ["/nonexistent/worker"]


def test_without_a_lasting_thread_it_would_end_with_that_thread() -> None:
    """What the test before this one stands on: the kernel's signal follows the thread."""
    found: list[subprocess.Popen[bytes]] = []
    ours, theirs = socket.socketpair()

    def start() -> None:
        command = [*program(DIES_WITH_PARENT + "control.send(b'x')\ntime.sleep(60)"), "0", str(theirs.fileno())]
        found.append(subprocess.Popen(command, pass_fds=[theirs.fileno()]))
        assert ours.recv(1) == b"x"

    with ours, theirs:
        ours.settimeout(DEADLINE_S)
        thread = threading.Thread(target=start)
        thread.start()
        thread.join(DEADLINE_S)
        assert found[0].wait(DEADLINE_S) == -signal.SIGKILL


CLIENT = """
import os, sys, time
from tests.unit.remote.fake_worker import started, obedient
worker = started({script!r}, on_exit=[lambda: print("ended", flush=True)])
print(worker.pid, flush=True)
{rest}
"""


def client(rest: str, script: str = "hello()\nuntil_close()") -> subprocess.Popen[str]:
    """A Python that starts a worker, prints its process id and goes on with `rest`."""
    code = CLIENT.format(script=script, rest=rest)
    return subprocess.Popen([sys.executable, "-c", code], cwd=TREE, stdout=subprocess.PIPE, text=True)


@pytest.mark.parametrize(
    "script",
    [DIES_WITH_PARENT + "hello()\nwhile True: time.sleep(60)", "hello()\nuntil_close()"],
    ids=["signal", "socket"],
)
def test_no_worker_is_left_when_its_client_is_killed(script: str) -> None:
    """By the kernel's signal alone, and by the end of the control socket alone."""
    with client("time.sleep(60)", script) as popen:
        assert popen.stdout
        pid = int(popen.stdout.readline())
        assert is_running(pid)
        popen.kill()
        assert waits_until(lambda: not is_running(pid))


def test_the_interpreters_exit_ends_it() -> None:
    with client("sys.exit(3)", STUBBORN.replace("time.sleep(60)", "time.sleep(0.01)")) as popen:
        output, _ = popen.communicate(timeout=DEADLINE_S)
        assert popen.returncode == 3
    pid, ended = output.split()
    assert ended == "ended"
    assert not is_running(int(pid))


def test_a_forked_child_does_not_end_it() -> None:
    """Neither by its exit nor by its own garbage; and it can start workers of its own from any thread."""
    rest = """
import threading
other = []
thread = threading.Thread(target=lambda: other.append(obedient())); thread.start(); thread.join()
child = os.fork()
if child == 0:
    mine = []
    thread = threading.Thread(target=lambda: mine.append(obedient())); thread.start(); thread.join()
    mine.pop().close()
    del worker
    other.clear()
    sys.exit(0)
assert os.waitpid(child, 0)[1] == 0
print(worker.died() or "alive", other[0].died() or "alive", flush=True)
worker.close()
"""
    with client(rest) as popen:
        output, _ = popen.communicate(timeout=DEADLINE_S)
        assert popen.returncode == 0
    assert output.splitlines()[1:] == ["alive alive", "ended"]
