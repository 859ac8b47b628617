"""Costs of calls to another process are what a synthetic pair of processes was given."""

from __future__ import annotations

import pytest

from ffi_spectrum.analysis.estimate import estimate_results
from ffi_spectrum.analysis.remote import remote_costs
from ffi_spectrum.case import Case
from ffi_spectrum.results.latency import Latency, count_bins
from ffi_spectrum.results.record import CaseRecord, CaseSeries, ProcessRecord, RunRecord, Series
from ffi_spectrum.results.store import Results

LOOP_NS, WORK_NS, WAKE_NS, COPY_NS, SERIALISE_NS, LINE_NS = 8.0, 100.0, 250.0, 70.0, 30.0, 90.0
CLOCK_NS = 32
# A turn of the loop around single calls, which reads the clock twice, and its CPU time.
TURN_NS, TURN_CPU_NS = 80, 75
PANEL = "out-of-process/saxpy/7"
ANCHOR = Case("saxpy", 7, "cffi_api", "prebound", "host")
RING = Case("saxpy", 7, "ring", "prebound", "host", "spin", params=(("cores", 2),))


def series(ns: float, iterations: int = 1000, crossing_ns: float = 0.0) -> Series:
    return Series(iterations, [0, 1, 2], [round(ns * iterations + crossing_ns)] * 3)


def process(number: int, panel: str = PANEL, drift: float = 1.0) -> ProcessRecord:
    whole = WORK_NS + WAKE_NS + COPY_NS + SERIALISE_NS
    cases = [CaseSeries(ANCHOR, series(LOOP_NS + 45 * drift))]
    parts, latencies, controls = {}, {}, {"empty": series(LOOP_NS), "python_call": series(LOOP_NS + 20)}
    far: dict[str, Series] = {}
    if panel == PANEL:
        cases.append(CaseSeries(RING, series(LOOP_NS + whole), "ring"))
        far["ring"] = series(WORK_NS, crossing_ns=whole - WORK_NS)
        parts[RING.id] = {"serialise": series(LOOP_NS + SERIALISE_NS), "copy": series(LOOP_NS + COPY_NS)}
        controls["cache_line"] = series(LINE_NS)
        times = [round(whole) + CLOCK_NS] * 980 + [5000 + CLOCK_NS] * 20
        latencies = {
            RING.id: Latency(
                1000, count_bins(times), sum(times) + 1000 * (TURN_NS - CLOCK_NS), 450_000 + 1000 * TURN_CPU_NS, 400_000
            ),
            "empty": Latency(1000, count_bins([CLOCK_NS] * 1000), 1000 * TURN_NS, 1000 * TURN_CPU_NS),
        }
    once = {"ring": series(LOOP_NS + whole)} if far else {}
    return ProcessRecord(panel, number, number, cases, far, once, controls, [], parts, latencies)


def results() -> Results:
    plan = {"panels": {"in-process/saxpy/7": [ANCHOR.id], PANEL: [ANCHOR.id, RING.id]}}
    run = RunRecord(plan, "", "", {}, {}, "", "")
    slow = [process(n, "in-process/saxpy/7", drift=2.0) for n in range(12)]
    return Results(run, slow + [process(n) for n in range(12)])


def test_parts_add_up_to_the_whole_and_wake_is_the_rest() -> None:
    cost = remote_costs(results())["out-of-process", RING.id]
    assert cost.parts == {
        "serialise": pytest.approx(SERIALISE_NS),
        "copy": pytest.approx(COPY_NS),
        "work": pytest.approx(WORK_NS, abs=1),
        "wake": pytest.approx(WAKE_NS, abs=1),
    }
    assert cost.ratio_to_line == pytest.approx(450 / LINE_NS)
    assert cost.line_ns == pytest.approx(LINE_NS)


def test_single_calls_are_net_of_the_clock() -> None:
    cost = remote_costs(results())["out-of-process", RING.id]
    assert cost.p50_ns == pytest.approx(450, rel=0.03)
    assert cost.p99_ns == pytest.approx(5000, rel=0.03)
    assert cost.p999_ns == pytest.approx(5000, rel=0.03)
    assert cost.mean_ns == pytest.approx(0.98 * 450 + 0.02 * 5000, rel=0.01)
    assert (cost.client_cpu_ns, cost.worker_cpu_ns) == (450, 400)


def test_an_anchor_has_an_estimate_per_group_that_only_its_own_panel_decides() -> None:
    rows = estimate_results(results())
    anchors = {row.panel_group: row.ns_per_call for row in rows if row.id == ANCHOR.id}
    assert anchors == {"in-process": pytest.approx(90), "out-of-process": pytest.approx(45)}
    assert [row.panel_group for row in rows if row.id == RING.id] == ["out-of-process"]


def test_a_refusal_counts_in_every_group() -> None:
    found = results()
    found.cases.append(CaseRecord(ANCHOR, "failed", "it died", PANEL))
    statuses = {(row.panel_group, row.status) for row in estimate_results(found) if row.id == ANCHOR.id}
    assert statuses == {("in-process", "failed"), ("out-of-process", "failed")}
