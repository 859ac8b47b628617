"""A run on a machine whose calls are made of known parts: nothing is measured."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from ffi_spectrum.analysis.ladder import Kinship
from ffi_spectrum.case import Case, Form, Placement
from ffi_spectrum.results.record import CaseSeries, ProcessRecord, RunRecord, Series
from ffi_spectrum.results.store import Results
from ffi_spectrum.results.writer import open_results

LOOP_NS = 8.0
ITERATIONS, FAR_ITERATIONS, ROUNDS = 1_000_000, 10_000, 3
KIN = Kinship(
    held={"free": "held", "guest_free": "guest"}, untyped={"free": "loose"}, fast={"stock": "guest_free"},
    alike={"add": "args2", "args2": "add"},
    crossings=lambda case: 5 if case.rung.startswith(("guest", "stock")) and case.form == "fresh" else 1,
)  # fmt: skip
NATIVE = ("held", "free", "loose")
GUEST = ("guest", "guest_free", "stock")


@dataclass(frozen=True, slots=True)
class Costs:
    """Nanoseconds of each part. `beside` is what the GIL costs more in the fresh form, per crossing."""

    work: float = 3.0
    dispatch: Mapping[str, float] = field(default_factory=lambda: {"held": 20.0, "loose": 44.0, "guest": 18.0})
    arguments: Mapping[str, float] = field(default_factory=lambda: {"add": 15.0, "args2": 15.0, "saxpy": 25.0})
    types: float = 60.0
    copying: float = 300.0
    conversion: float = 500.0
    gil: float = 24.0
    runtime: float = 6000.0
    beside: float = 0.0

    def boundary(self, case: Case) -> float:
        """What a single call of the case costs beside its work."""
        released = KIN.fast.get(case.rung, case.rung)
        base = KIN.held.get(released, released)
        ns = self.dispatch[base] + self.arguments.get(case.kernel, 0.0)
        if base == "held" and case.kernel != "noop":
            ns += self.types
        ns += self.copying if base == "guest" and case.placement == "host" else 0.0
        ns += self.conversion if case.form == "fresh" else 0.0
        if base != released:
            ns += KIN.crossings(case) * (self.gil + (self.beside if case.form == "fresh" else 0.0))
        return ns + (self.runtime if released != case.rung else 0.0)


# Nanoseconds of one crossing and of one far-side iteration, by case.
Time = Callable[[Case], float]
Cell = tuple[str, int]


def single_cases(kernel: str, size: int, rungs: Iterable[str] = (*NATIVE, *GUEST)) -> list[Case]:
    """Every form and placement of a kernel; without a size it takes scalars."""
    found = []
    for rung in rungs:
        cells: list[tuple[Form, Placement]] = [("prebound", "none")]
        if size:
            places: tuple[Placement, ...] = ("guest", "host") if rung in GUEST else ("host",)
            cells = [(form, place) for form in ("prebound", "fresh") for place in places]
        found += [Case(kernel, size, rung, form, placement) for form, placement in cells]
    return found


def wide_cases(kernel: str, size: int, rung: str, calls: Iterable[int], strategy: str = "replayed") -> list[Case]:
    """One crossing for so many calls, for each of the numbers."""
    one = Case(kernel, size, rung, "prebound", "host", strategy=strategy)  # type: ignore[arg-type]
    return [replace(one, params=(("calls", n),)) for n in calls]


def run(
    cells: Mapping[Cell, Iterable[Case]], boundary: Time, work: Time = lambda case: 3.0, noise: float = 0.003,
    processes: int = 12, seed: int = 1,
) -> Results:  # fmt: skip
    """A run of these panels; what a crossing costs beside its work scatters between processes by `noise` of it."""
    rng = random.Random(seed)
    plan, records = {}, []
    for (kernel, size), cases in cells.items():
        panel = f"in-process/{kernel}/{size}"
        own = list(cases)
        plan[panel] = [case.id for case in own]
        records += [_process(panel, number, own, boundary, work, rng, noise) for number in range(processes)]
    return Results(RunRecord({"panels": plan, "profile": {"name": "full"}}, "", "", {}, {}, "", ""), records)


def _process(
    panel: str, number: int, cases: list[Case], boundary: Time, work: Time, rng: random.Random, noise: float
) -> ProcessRecord:
    rows, far, far_once = [], {}, {}
    for case in cases:
        inner = work(case)
        calls = dict(case.params).get("calls", 1)
        rows.append(CaseSeries(case, _series(boundary(case) * rng.gauss(1, noise) + calls * inner), case.rung))
        far[case.rung] = Series(FAR_ITERATIONS, list(range(ROUNDS)), [round(inner * FAR_ITERATIONS + 50)] * ROUNDS)
        far_once[case.rung] = _series(inner + 50)
    controls = {"empty": _series(0.0), "python_call": _series(20.0)}
    return ProcessRecord(panel, number, number, rows, far, far_once, controls)


def _series(ns_per_call: float) -> Series:
    return Series(ITERATIONS, list(range(ROUNDS)), [round((ns_per_call + LOOP_NS) * ITERATIONS)] * ROUNDS)


def whole_run(costs: Costs, noise: float = 0.003, processes: int = 12, seed: int = 1) -> Results:
    """Every rung with noop, with two kernels of the same signature, and with one of buffers."""
    cells = {(name, size): single_cases(name, size) for name, size in (("noop", 0), ("add", 0), ("args2", 0))}
    cells["saxpy", 8] = single_cases("saxpy", 8)
    return run(cells, costs.boundary, lambda case: costs.work, noise, processes, seed)


def write(results: Results, path: Path) -> None:
    """Put a run on disk, as `bench` does."""
    _, writer = open_results(path, replace(results.run, fingerprint={"cpu": "invented"}, version="0.1.0"))
    for record in results.processes:
        writer.append(record)
    writer.close()
