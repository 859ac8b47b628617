"""Panels and their process records with chosen times: nothing is launched."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ffi_spectrum.analysis.stopping import stopping_parameters
from ffi_spectrum.case import Case
from ffi_spectrum.plan import Panel, Plan, Profile
from ffi_spectrum.results.record import CaseSeries, ProcessRecord, RunRecord, Series
from ffi_spectrum.results.store import Results

# Nanoseconds per call by the number of the process.
Times = Callable[[int], float]
LOOP_NS, WORK_NS, ITERATIONS = 8.0, 40.0, 100_000
RUNGS = ("cext", "cffi_api", "cffi_abi", "ctypes", "ctypes_untyped")


def case(rung: str, kernel: str = "noop") -> Case:
    return Case(kernel, 0, rung, "prebound", "none")


def panel(kernel: str = "noop", rungs: tuple[str, ...] = RUNGS, process_s: float = 0.25) -> Panel:
    return Panel(kernel, 0, "in-process", tuple(case(rung, kernel) for rung in rungs), process_s)


def plan(*panels: Panel, looks: tuple[int, ...] = (12, 20, 40), cap_s: float | None = None, seed: int = 3) -> Plan:
    profile = Profile(
        "quick", looks, rounds=3, block_ns=1000, deadline_s=9, max_call_ms=4, latency_ms=1, out_of_process=(),
        cap_s=cap_s, stopping=stopping_parameters(),
    )  # fmt: skip
    return Plan(profile, panels, (), seed)


def empty_results(plan: Plan) -> Results:
    return Results(RunRecord(plan.to_json(), plan.sha256(), "", {}, {}, "", ""))


def steady(ns: float) -> Times:
    return lambda process: ns


def swinging(ns: float, half_width_ns: float, until: int = 1_000_000) -> Times:
    """Every other process is that much slower, and the others that much faster, in processes below `until`."""
    return lambda process: ns + (half_width_ns * (-1) ** process if process < until else 0.0)


def series(ns: float, iterations: int = ITERATIONS, crossing_ns: float = 0.0) -> Series:
    return Series(iterations, [0, 1, 2], [round(ns * iterations + crossing_ns)] * 3)


def record(
    panel: Panel,
    process: int,
    times: Mapping[str, Times],
    works: Mapping[str, Times] | None = None,
    facts: dict[str, Any] | None = None,
) -> ProcessRecord:
    """One process of the panel's cases in `times`, by rung; those in `works` have a far side that takes so long."""
    far_sides = works or {}
    cases = [
        CaseSeries(one, series(times[one.rung](process) + LOOP_NS), one.rung if one.rung in far_sides else "")
        for one in panel.cases
        if one.rung in times
    ]
    # a block crosses once, and so does the call with which it is compared
    far = {r: series(w(process), 1000, times[r](process) - w(process)) for r, w in far_sides.items() if r in times}
    controls = {"empty": series(LOOP_NS), "python_call": series(LOOP_NS + 14.0)}
    return ProcessRecord(panel.id, process, process, cases, far, {}, controls, facts=facts or {})
