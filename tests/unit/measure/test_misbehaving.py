"""Calls that misbehave, each in a real process: named, refused, and gone without a trace."""

from __future__ import annotations

import operator
import os
from pathlib import Path

import pytest

from ffi_spectrum.errors import CallError, MeasurementError, WorkerDied, WrongResult
from ffi_spectrum.measure.sampling import Protocol
from ffi_spectrum.measure.snippet import call

from .light_process import sampled, wait_until_gone


def noted(path: Path) -> list[int]:
    return [int(line) for line in path.read_text().split()]


def test_a_call_that_raises_is_named() -> None:
    with pytest.raises(CallError, match=r"raised ZeroDivisionError: division by zero"):
        sampled(call("1 / zero", setup="zero = 0"))


def test_a_call_that_raises_later_is_named() -> None:
    with pytest.raises(CallError, match="raised IndexError: pop from empty list"):
        sampled(call("data.pop()", setup="data = [1, 2, 3]"))


def test_a_setup_that_raises_is_named() -> None:
    with pytest.raises(CallError, match=r"the call or its setup raised ModuleNotFoundError: .*no_such_module"):
        sampled(call("f()", setup="import no_such_module"))


def test_a_wrong_value_is_never_measured() -> None:
    with pytest.raises(WrongResult, match="the call returned 5 instead of 6"):
        sampled(call(operator.add, 2, 3, expected=6))


def test_none_may_be_expected() -> None:
    sampled(call("f()", setup="def f(): pass", expected=None))
    with pytest.raises(WrongResult, match="returned 1 instead of None"):
        sampled(call("f()", setup="def f(): return 1", expected=None))


def test_an_error_of_the_call_is_not_taken_for_a_wrong_value() -> None:
    setup = "def f(): raise ValueError('returned 1 instead of 2')\nclass Meddling(Exception): pass"
    with pytest.raises(CallError, match="raised ValueError: returned 1 instead of 2"):
        sampled(call("f()", setup=setup))
    with pytest.raises(CallError, match=r"raised Meddling$"):
        sampled(call("g()", setup=setup + "\ndef g(): raise Meddling"))


def test_a_long_wrong_value_is_shortened() -> None:
    with pytest.raises(WrongResult) as raised:
        sampled(call("data", setup="data = 'x' * 1_000_000", expected=1))
    assert len(str(raised.value)) < 1000


def test_a_call_that_sleeps_past_the_deadline_is_ended() -> None:
    with pytest.raises(WorkerDied, match="did not end within 1 s: give it a longer deadline_s"):
        sampled(call("time.sleep(300)", setup="import time"), protocol=Protocol(deadline_s=1))


def test_whatever_a_call_started_is_gone_after_the_deadline(tmp_path: Path) -> None:
    started = tmp_path / "started"
    setup = f"import os, subprocess, time\nnotes = open({str(started)!r}, 'a')\nprint(os.getpid(), file=notes)\n"
    setup += "print(subprocess.Popen(['sleep', '300']).pid, file=notes, flush=True)"
    with pytest.raises(WorkerDied, match="did not end"):
        sampled(call("time.sleep(300)", setup=setup), protocol=Protocol(deadline_s=3))
    assert len(noted(started)) == 2
    wait_until_gone(noted(started))


# At most two forks a process, so that a missing guard fails this test and not the machine.
FORKS = """
import ctypes, os
count, notes = 0, open({path!r}, "a")
def fork():
    global count
    count += 1
    pid = {fork}() if count <= 2 else 0
    print(os.getpid(), file=notes, flush=True)
    return pid
"""


def test_a_call_that_forks_is_refused_and_leaves_no_process(tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    with pytest.raises(MeasurementError, match="left a child process: it cannot be measured"):
        sampled(call("fork()", setup=FORKS.format(path=str(notes), fork="os.fork")))
    assert len(noted(notes)) == 1, "the child went on, or the call was timed"
    wait_until_gone(noted(notes))


def test_a_fork_behind_pythons_back_is_refused_and_leaves_no_process(tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    with pytest.raises(MeasurementError, match="left a child process"):
        sampled(call("fork()", setup=FORKS.format(path=str(notes), fork="ctypes.CDLL(None).fork")))
    assert len(noted(notes)) == 2, "parent and child come back from the first call, and neither makes a second"
    wait_until_gone(noted(notes))


def test_a_program_that_a_call_leaves_running_is_ended_with_it(tmp_path: Path) -> None:
    started = tmp_path / "started"
    setup = f"import subprocess\nnotes = open({str(started)!r}, 'a')\n"
    setup += "def f(): print(subprocess.Popen(['sleep', '300']).pid, file=notes, flush=True)"
    with pytest.raises(MeasurementError, match="left a child process"):
        sampled(call("f()", setup=setup))
    assert len(noted(started)) == 1
    wait_until_gone(noted(started))


def test_a_program_that_was_waited_for_is_no_meddling() -> None:
    setup = "import subprocess"
    sampled(call("subprocess.run(['true']).returncode", setup=setup, expected=0), protocol=Protocol(rounds=3))


def test_a_call_that_allocates_without_bound_meets_the_limit() -> None:
    protocol = Protocol(memory_nbytes=128 << 20, deadline_s=60)
    with pytest.raises(CallError, match=r"raised MemoryError$"):
        sampled(call("leak.append(bytes(1 << 20))", setup="leak = []"), protocol=protocol)
    with pytest.raises(CallError, match=r"raised MemoryError$"):
        sampled(call("leak.append([object() for _ in range(1_000_000)])", setup="leak = []"), protocol=protocol)
    # small pieces fill the space to its last page: nothing is left to answer with but the reserve
    with pytest.raises(CallError, match=r"raised MemoryError$"):
        sampled(call("f()", setup="def f():\n x = None\n while True: x = (x,)"), protocol=protocol)


def test_a_call_that_changes_the_cpu_affinity_is_refused() -> None:
    cpus = sorted(os.sched_getaffinity(0))
    if len(cpus) < 2:
        pytest.skip("with one CPU there is no other affinity to change to")
    with pytest.raises(MeasurementError, match="changed the CPU affinity"):
        sampled(call(f"os.sched_setaffinity(0, {{{cpus[0]}}})", setup="import os"))


def test_a_call_that_changes_the_switch_interval_is_refused() -> None:
    with pytest.raises(MeasurementError, match="the GIL switch interval"):
        sampled(call("sys.setswitchinterval(0.001)", setup="import sys"))


def test_a_call_that_meddles_late_is_refused() -> None:
    setup = "import sys\ncount = 0\ndef f():\n global count\n count += 1\n if count == 9: sys.setswitchinterval(0.001)"
    with pytest.raises(MeasurementError, match="the GIL switch interval"):
        sampled(call("f()", setup=setup))


@pytest.mark.parametrize("text", ["print('x' * 5000, flush=True)", "os.write(1, b'junk')", "os.system('echo junk')"])
def test_what_a_call_prints_does_not_spoil_the_answer(text: str) -> None:
    assert len(sampled(call(text, setup="import os"), protocol=Protocol(rounds=3, block_ns=1)).calls) == 1


def test_a_call_that_reads_standard_input_finds_it_empty() -> None:
    sampled(call("sys.stdin.read()", setup="import sys", expected=""))


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("sys.exit(3)", CallError, "raised SystemExit: 3"),
        ("sys.exit()", CallError, "raised SystemExit$"),
        ("os._exit(0)", WorkerDied, "ended before it answered"),
        ("os._exit(3)", WorkerDied, "ended with exit code 3"),
        ("os.kill(os.getpid(), 9)", WorkerDied, "ended with signal 9"),
        ("print('last words', flush=True) or os._exit(3)", WorkerDied, "exit code 3: last words"),
    ],
)
def test_a_call_that_ends_the_process_is_named(text: str, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        sampled(call(text, setup="import os, sys"))
