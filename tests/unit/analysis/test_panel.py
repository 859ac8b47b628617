"""A panel stops at a look where every case is precise, at its cap, and never between looks."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from ffi_spectrum.analysis.cap import Cap
from ffi_spectrum.analysis.estimate import estimate_results
from ffi_spectrum.analysis.panel import is_precise, next_look
from ffi_spectrum.analysis.stopping import NARROW, WIDE, panel_precision
from ffi_spectrum.errors import ResultsError
from ffi_spectrum.plan import Panel
from ffi_spectrum.results.record import CaseRecord, RunRecord
from ffi_spectrum.results.store import Results

from ..fake_panels import RUNGS, Times, case, empty_results, panel, plan, record, steady, swinging

STEADY = dict.fromkeys(RUNGS, steady(50.0))
SWAYING = STEADY | {"ctypes": swinging(50.0, 0.7)}
SWINGING = STEADY | {"ctypes": swinging(50.0, 9.0)}


def measured(
    processes: int | list[int], times: Mapping[str, Times], one: Panel | None = None, ms: float = 0.0, **how: object
) -> Results:
    """What a run has after these processes, each of `ms` milliseconds."""
    shown = one or panel()
    results = empty_results(plan(shown, **how))  # type: ignore[arg-type]
    for process in range(processes) if isinstance(processes, int) else processes:
        results.add(record(shown, process, times, facts={"elapsed_ms": ms}))
    return results


@pytest.mark.parametrize(("processes", "expected"), [(0, 12), (1, 12), (11, 12), (12, 12), (13, 20), (20, 20)])
def test_a_panel_of_precise_cases_is_measured_up_to_a_look_and_no_further(processes: int, expected: int) -> None:
    assert next_look(measured(processes, STEADY), panel().id) == expected


@pytest.mark.parametrize(("processes", "expected"), [(11, 12), (12, 20), (19, 20), (20, 40), (40, 40)])
def test_one_imprecise_case_sends_it_to_the_next_look_and_the_last_look_ends_it(processes: int, expected: int) -> None:
    assert next_look(measured(processes, SWAYING), panel().id) == expected


def test_a_process_beyond_a_look_was_begun_because_that_look_did_not_stop() -> None:
    """So a run that was killed there goes on to the next look, whatever the first would say now."""
    assert next_look(measured([*range(12), 17], STEADY), panel().id) == 20
    assert next_look(measured([11], STEADY), panel().id) == 12
    # a damaged line was removed from the file
    assert next_look(measured([*range(3), *range(4, 13)], STEADY), panel().id) == 20


def test_the_first_look_is_the_cap_where_that_is_smaller() -> None:
    times = STEADY | {"ctypes": swinging(50.0, 5.0)}
    assert next_look(measured(0, times, looks=(3,)), panel().id) == 3
    assert next_look(measured(3, times, looks=(3,)), panel().id) == 3


@pytest.mark.parametrize(("cap_s", "expected"), [(None, 20), (2.1, 20), (1.9, 12)])
def test_a_stage_that_would_go_beyond_the_time_is_not_begun(cap_s: float | None, expected: int) -> None:
    """Twelve processes took 1.2 s, so twenty would take 2 s."""
    assert next_look(measured(12, SWAYING, ms=100.0, cap_s=cap_s), panel().id) == expected


def test_a_case_that_failed_last_holds_nothing_open() -> None:
    results = measured(12, SWINGING)
    assert next_look(results, panel().id) == 20
    results.add(CaseRecord(case("ctypes"), "failed", "it was ended by SIGSEGV", panel().id))
    assert next_look(results, panel().id) == 12


def test_a_case_that_became_unavailable_on_the_way_holds_nothing_open() -> None:
    """Its few values stay in the file; one that was unavailable at first, and is there now, counts."""
    without = {rung: times for rung, times in SWINGING.items() if rung != "ctypes"}
    lost, found = (measured(0, STEADY) for _ in range(2))
    for process in range(12):
        lost.add(record(panel(), process, SWINGING if process < 6 else without))
        found.add(record(panel(), process, without if process < 6 else SWINGING))
    for results in (lost, found):
        results.add(CaseRecord(case("ctypes"), "unavailable", "no memory", panel().id))
    assert next_look(lost, panel().id) == 12
    assert next_look(found, panel().id) == 20


def test_narrow_panels_aim_at_more_than_wide_ones() -> None:
    assert [panel_precision(cases) for cases in (1, 4, 5)] == [NARROW, NARROW, WIDE]
    four = panel(rungs=RUNGS[:4])
    times = STEADY | {"ctypes": swinging(50.0, 0.2)}
    assert next_look(measured(12, times), panel().id) == 12
    assert next_look(measured(12, times, four), four.id) == 20


@pytest.mark.parametrize(
    ("ns", "half_width_ns", "expected"),
    [(50.0, 0.49, True), (50.0, 0.51, False), (200.0, 1.99, True), (200.0, 2.01, False)],
)
def test_the_aim_is_half_a_nanosecond_or_one_percent(ns: float, half_width_ns: float, expected: bool) -> None:
    times = STEADY | {"ctypes": swinging(ns, half_width_ns)}
    assert is_precise([record(panel(), process, times) for process in range(12)], WIDE) is expected


def test_the_boundary_must_be_as_precise_as_the_time_per_call() -> None:
    """Here only the far side swings, and with it the difference."""
    times, works = STEADY | {"ctypes": steady(100.0)}, {"ctypes": swinging(60.0, 1.2)}
    records = [record(panel(), process, times, works) for process in range(12)]
    assert not is_precise(records, WIDE)
    assert is_precise([record(panel(), process, times, {"ctypes": steady(60.0)}) for process in range(12)], WIDE)


def test_it_is_the_interval_of_the_rule_that_must_be_narrow() -> None:
    """Of twelve processes two are slower: the 95 % interval does not reach them, the one that stops a run does."""
    two_slow = STEADY | {"ctypes": lambda process: 50.0 + 3.0 * (process < 2)}
    assert next_look(measured(12, two_slow), panel().id) == 20
    assert [row for row in estimate_results(measured(12, two_slow)) if row.is_imprecise] == []


def test_rows_at_the_cap_are_unresolved_and_rows_on_their_way_are_not() -> None:
    for processes, expected in ((12, False), (39, False), (40, True)):
        rows = {row.rung: row for row in estimate_results(measured(processes, SWAYING))}
        assert rows["ctypes"].is_imprecise
        assert rows["ctypes"].is_unresolved is expected
        assert not rows["cext"].is_unresolved
        found = rows["ctypes"].to_json()
        assert (found["processes"], found["is_imprecise"], found["is_unresolved"]) == (processes, True, expected)


def test_the_time_makes_rows_unresolved_as_the_last_look_does() -> None:
    late = measured(12, SWAYING, ms=100.0, cap_s=1.5)
    assert {row.rung for row in estimate_results(late) if row.is_unresolved} == {"ctypes"}


def test_a_narrow_panels_rows_are_judged_by_its_own_aim() -> None:
    times = STEADY | {"ctypes": swinging(50.0, 0.2)}
    wide = estimate_results(measured(12, times))
    narrow = estimate_results(measured(12, times, panel(rungs=RUNGS[:4])))
    assert [row.rung for row in wide if row.is_imprecise] == []
    assert [row.rung for row in narrow if row.is_imprecise] == ["ctypes"]


def test_a_run_of_a_fixed_number_of_processes_is_shown_but_not_gone_on_with() -> None:
    """Files of earlier versions have no looks: nothing in them is at a cap."""
    results = measured(12, SWAYING)
    old = {"profile": {"name": "quick", "processes": 12}, "panels": results.run.plan["panels"]}
    results.run = RunRecord(old, "", "", {}, {}, "", "")
    rows = {row.rung: row for row in estimate_results(results)}
    assert (rows["ctypes"].is_imprecise, rows["ctypes"].is_unresolved) == (True, False)
    assert Cap.of(old) is None
    with pytest.raises(ResultsError, match="no looks"):
        next_look(results, panel().id)
