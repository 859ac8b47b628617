"""Estimates recover what a synthetic machine was given: cost per call, far side, crossing and ratios."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from ffi_spectrum.analysis.estimate import estimate_results
from ffi_spectrum.case import Case
from ffi_spectrum.results.record import CaseRecord, CaseSeries, ProcessRecord, RunRecord, Series
from ffi_spectrum.results.store import Results

LOOP_NS, WORK_NS = 8.0, 250.0
ROUNDS = 9
# The loop's entry takes two arguments more than the kernel, which some bindings charge dearly for.
ENTRY_NS = 20_000.0


def series(ns_per_call: float, iterations: int, crossing_ns: float = 0.0, rng: random.Random | None = None) -> Series:
    elapsed = [ns_per_call * iterations + crossing_ns + (rng.uniform(0, 3) if rng else 0) for _ in range(ROUNDS)]
    return Series(iterations, list(range(ROUNDS)), [round(ns) for ns in elapsed])


def case(rung: str, variant: str = "") -> Case:
    return Case("saxpy", 7, rung, "prebound", "host", variant)


def process(number: int, crossings: dict[str, float], drift: float = 1.0) -> ProcessRecord:
    rng = random.Random(number)

    def near(ns: float) -> Series:
        return series((ns + LOOP_NS) * drift, 2000, rng=rng)

    def far(crossing: float) -> Series:
        return series(WORK_NS * drift, 16, crossing * drift)

    cases = [CaseSeries(case("floor", "dlsym"), near(WORK_NS + 300), "floor.dlsym")]
    cases += [CaseSeries(case(rung), near(WORK_NS + crossing), rung) for rung, crossing in crossings.items()]
    cases.append(CaseSeries(case("python"), near(9000)))
    cases.append(CaseSeries(case("numpy"), near(700)))
    fars = {"floor.dlsym": far(300)} | {rung: far(crossing + ENTRY_NS) for rung, crossing in crossings.items()}
    once = {rung: near(WORK_NS + crossing + ENTRY_NS) for rung, crossing in crossings.items()}
    controls = {"empty": series(LOOP_NS * drift, 5000), "python_call": near(20)}
    return ProcessRecord("in-process/saxpy/7", number, number, cases, fars, once, controls)


def results(processes: list[ProcessRecord], refused: list[CaseRecord] | None = None) -> Results:
    ids = [row.case.id for row in processes[0].cases] if processes else []
    plan = {"panels": {"in-process/saxpy/7": [*ids, *(r.case.id for r in refused or [])]}}
    return Results(RunRecord(plan, "", "", {}, {}, "", ""), processes, refused or [])


def test_costs_are_recovered_and_the_far_sides_own_crossing_is_removed() -> None:
    found = results([process(n, {"ctypes": 60.0, "wasmtime": 28_000.0}) for n in range(12)])
    rows = {row.rung: row for row in estimate_results(found)}
    assert rows["ctypes"].ns_per_call == pytest.approx(WORK_NS + 60, abs=0.2)
    assert rows["ctypes"].boundary_ns == pytest.approx(60, abs=0.5)
    # a block of 16 calls and one crossing of 48 us: uncorrected, the far side would read 3000 ns too high
    assert rows["wasmtime"].far_side_ns == pytest.approx(WORK_NS, rel=0.02)
    assert rows["wasmtime"].boundary_ns == pytest.approx(28_000, rel=0.005)
    assert rows["floor"].ns_per_call == pytest.approx(WORK_NS, abs=2)
    assert rows["floor"].boundary_ns == 0
    assert rows["floor"].ratio_to_floor == pytest.approx(1)
    assert rows["ctypes"].ratio_to_floor == pytest.approx((WORK_NS + 60) / WORK_NS, rel=0.01)
    assert rows["python"].ratio_to_python_call == pytest.approx(450, rel=0.01)


def test_a_pure_python_boundary_is_zero_and_numpys_is_unknown() -> None:
    rows = {row.rung: row for row in estimate_results(results([process(n, {"ctypes": 60.0}) for n in range(6)]))}
    assert rows["python"].boundary_ns == 0
    assert rows["python"].far_side_ns is None
    assert rows["numpy"].boundary_ns is None


def test_a_negative_boundary_keeps_its_sign() -> None:
    rows = {row.rung: row for row in estimate_results(results([process(n, {"ctypes": -4.0}) for n in range(6)]))}
    boundary = rows["ctypes"].boundary_ns
    assert boundary is not None
    assert boundary < 0


def test_drift_within_a_process_cancels_in_pairs_but_shows_in_the_interval() -> None:
    steady = {r.rung: r for r in estimate_results(results([process(n, {"ctypes": 60.0}) for n in range(12)]))}["ctypes"]
    moved = [process(n, {"ctypes": 60.0}, drift=1.0 + 0.05 * (n % 3)) for n in range(12)]
    drifting = {r.rung: r for r in estimate_results(results(moved))}["ctypes"]
    assert not steady.is_imprecise
    assert drifting.is_imprecise
    assert drifting.ns_low is not None
    assert drifting.ns_high is not None
    assert drifting.ns_low <= WORK_NS + 60.1 <= drifting.ns_high


def test_refused_and_unmeasured_cases_carry_status_and_reason() -> None:
    refused = [
        CaseRecord(case("cext"), "unavailable", "no headers", "p"),
        CaseRecord(case("ctypes"), "failed", "died", "p"),
    ]
    found = results([process(0, {"ctypes": 60.0})], refused)
    rows = {row.rung: row for row in estimate_results(found)}
    assert (rows["cext"].status, rows["cext"].reason, rows["cext"].ns_per_call) == ("unavailable", "no headers", None)
    assert (rows["ctypes"].status, rows["ctypes"].reason) == ("failed", "died")


def test_disturbed_rounds_are_left_out_unless_there_are_no_others() -> None:
    processes = [process(n, {"ctypes": 60.0}) for n in range(12)]
    for record in processes:
        for row in record.cases:
            row.series.elapsed_ns[:6] = [ns * 3 for ns in row.series.elapsed_ns[:6]]
    hit = {row.rung: row for row in estimate_results(results(processes))}["ctypes"]
    marked = [replace(record, disturbed=[0, 1, 2, 3, 4, 5]) for record in processes]
    clean = {row.rung: row for row in estimate_results(results(marked))}["ctypes"]
    everything = [replace(record, disturbed=list(range(ROUNDS))) for record in processes]
    kept = {row.rung: row for row in estimate_results(results(everything))}["ctypes"]
    assert clean.ns_per_call == pytest.approx(WORK_NS + 60, abs=0.2)
    assert hit.ns_per_call == kept.ns_per_call == pytest.approx(3 * (WORK_NS + 60 + LOOP_NS) - LOOP_NS, rel=0.01)


def test_a_planned_case_without_a_process_is_skipped_and_not_forgotten() -> None:
    found = results([process(0, {"ctypes": 60.0})])
    found.run.plan["panels"]["in-process/saxpy/7"].append(case("cffi_abi").id)
    rows = {row.rung: row for row in estimate_results(found)}
    assert (rows["cffi_abi"].status, rows["cffi_abi"].reason) == ("skipped", "not measured yet")


def test_few_processes_and_wide_boundaries_are_marked() -> None:
    few = {r.rung: r for r in estimate_results(results([process(n, {"ctypes": 60.0}) for n in range(5)]))}
    assert few["ctypes"].is_imprecise
    spread = [process(n, {"ctypes": 60.0}) for n in range(12)]
    for record in spread:
        record.far["ctypes"].elapsed_ns[:] = [ns + 400 * record.process for ns in record.far["ctypes"].elapsed_ns]
    wide = {r.rung: r for r in estimate_results(results(spread))}
    assert wide["ctypes"].is_imprecise
    assert not wide["floor"].is_imprecise


def test_what_was_unavailable_and_is_measured_now_counts() -> None:
    old = [CaseRecord(case("ctypes"), "unavailable", "no headers yet", "p")]
    rows = {r.rung: r for r in estimate_results(results([process(n, {"ctypes": 60.0}) for n in range(6)], old))}
    assert rows["ctypes"].status == "ok"


def test_rows_follow_the_plan() -> None:
    found = results([process(0, {"ctypes": 60.0, "wasmtime": 100.0})])
    assert [row.rung for row in estimate_results(found)] == ["floor", "ctypes", "wasmtime", "python", "numpy"]
