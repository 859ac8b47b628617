"""Under load: what is counted as wrong, and neighbours that end with us."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from ffi_spectrum.errors import WorkerDied
from ffi_spectrum.results.sample import Sample
from ffi_spectrum.validation import interference, neighbour
from ffi_spectrum.validation.interference import wrong_on_delay, wrong_on_identical
from ffi_spectrum.validation.live import STEPS
from ffi_spectrum.validation.neighbour import Neighbour, at_work, beside, everywhere

from ..analysis.calls import processes
from ..measure.light_process import wait_until_gone

DELAYS = [50.0, *(50.0 + 0.7 * count for count in STEPS)]


def loaded(samples: list[Sample], waited_share: float) -> list[Sample]:
    return [replace(sample, waited_share=waited_share) for sample in samples]


def test_groups_of_identical_code_are_judged_at_three_levels() -> None:
    target = wrong_on_identical("x: ", loaded(processes(30, [50.0, 20.0, 50.0, 20.0]), 0.125))
    assert (target.target, target.state, target.figure, target.unit) == ("x: A/A wrong verdicts", "met", 0, "of 6")
    assert target.detail == "6 EQUIVALENT; waited 12 % of the time, 0 % of the rounds disturbed"


def test_a_verdict_that_stays_open_is_not_wrong() -> None:
    """Two of three levels scatter; the third, the same object twice, is one value in computed samples."""
    target = wrong_on_identical("", processes(24, [50.0, 20.0, 50.0, 20.0], jitter_ns=20))
    assert target.state == "met"
    assert target.detail.startswith("2 EQUIVALENT, 4 UNRESOLVED;")


def test_a_difference_between_twins_is_wrong() -> None:
    target = wrong_on_identical("", processes(24, [50.0, 20.0, 53.0, 20.0]))
    assert (target.state, target.figure) == ("missed", 2)
    assert target.detail.startswith("4 EQUIVALENT, 2 FASTER;")


def test_a_delay_may_be_missed_and_never_be_negative() -> None:
    assert wrong_on_delay("", processes(24, DELAYS)).detail.startswith("8 SLOWER;")
    open_verdicts = wrong_on_delay("", processes(24, DELAYS, jitter_ns=30))
    assert (open_verdicts.state, open_verdicts.detail.partition(";")[0]) == ("met", "8 UNRESOLVED")
    turned = wrong_on_delay("", processes(24, DELAYS[::-1]))
    assert (turned.state, turned.figure, turned.unit) == ("missed", 8, "of 8")


def test_too_few_processes_for_a_verdict_meet_nothing() -> None:
    target = wrong_on_delay("", processes(11, DELAYS))
    assert target.state == "unavailable"
    assert target.detail.startswith("too few processes")


def test_a_system_that_does_not_count_waiting_makes_its_target_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    samples = loaded(processes(3, [50.0]), 0.625)
    monkeypatch.setattr(Path, "exists", lambda path: True)
    assert interference._told("", samples).figure == pytest.approx(62.5)
    monkeypatch.setattr(Path, "exists", lambda path: False)
    assert interference._told("", samples).state == "unavailable"


def test_loads_stand_beside_the_measuring_cpu_or_on_every_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neighbour, "_cpus", lambda: [0, 2, 5])
    assert beside() == [Neighbour(0), Neighbour(2), Neighbour(5, 5.0, 95.0)]
    assert [one.cpu for one in everywhere()] == [0, 0, 2, 2, 5, 5]
    assert all(one.rest_ms == 0 for one in everywhere())


def test_neighbours_work_where_they_should_and_end_with_the_context() -> None:
    cpu = neighbour._cpus()[-1]
    with at_work([Neighbour(cpu), Neighbour(-1, 1.0, 5.0)]) as pids:
        pinned, free = [psutil.Process(pid) for pid in pids]
        assert pinned.is_running()
        assert free.is_running()
        if cpu >= 0:
            assert pinned.cpu_affinity() == [cpu]
        assert os.getpgid(pids[0]) != os.getpgid(0), "Ctrl-C would reach it"
    wait_until_gone(pids)


def test_neighbours_end_with_an_error_inside_the_context() -> None:
    started: list[int] = []

    def fail(pids: list[int]) -> None:
        started.extend(pids)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), at_work([Neighbour(-1)]) as pids:
        fail(pids)
    assert len(started) == 1
    wait_until_gone(started)


def test_neighbours_end_when_the_process_that_measures_is_killed() -> None:
    code = (
        "import sys; from ffi_spectrum.validation.neighbour import Neighbour, at_work\n"
        "with at_work([Neighbour(-1), Neighbour(-1)]) as pids: print(*pids, flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as measuring:
        assert measuring.stdout is not None
        pids = [int(word) for word in measuring.stdout.readline().split()]
        assert all(psutil.pid_exists(pid) for pid in pids)
        measuring.send_signal(signal.SIGKILL)
    assert len(pids) == 2
    wait_until_gone(pids)


def test_a_neighbour_that_does_not_start_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neighbour, "LONGEST_S", "no number")
    with pytest.raises(WorkerDied, match="did not start"), at_work([Neighbour(-1)]):
        pass
