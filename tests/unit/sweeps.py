"""A run of the model's sweeps on a machine whose costs are known: times from a law, and noise between processes."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from ffi_spectrum.case import Case
from ffi_spectrum.results.record import CaseSeries, ProcessRecord, RunRecord, Series
from ffi_spectrum.results.store import Results
from ffi_spectrum.results.writer import open_results

LOOP_NS, NATIVE_NS, STEP_NS = 8.0, 1.0, 1.2
ITERATIONS, FAR_ITERATIONS, ROUNDS = 1_000_000, 10_000, 3
SIZES = tuple(2**i for i in range(0, 24))
STEPS = tuple(2**i for i in range(0, 20))


@dataclass(frozen=True, slots=True)
class Law:
    """A rung's costs in nanoseconds: an empty call, a result, each scalar, each step, and a payload of so many bytes.

    Without a far side all of it is work.
    """

    empty: float
    result: float = 6.0
    argument: float = 5.0
    step: float = STEP_NS
    payload: Callable[[int], float] = lambda nbytes: 0.0
    has_far: bool = True

    def boundary(self, kernel: str, size: int) -> float:
        if kernel == "noop":
            return self.empty
        scalars = int(kernel[4:]) if kernel.startswith("args") else 2
        carried = self.payload(size) if kernel == "ends" else 0.0
        return self.empty + self.result + self.argument * scalars + carried


def work(kernel: str, size: int, step: float) -> float:
    """What the kernel takes on the far side."""
    return NATIVE_NS + (step * size if kernel == "spin" else 0.0)


def case(rung: str, kernel: str, size: int) -> Case:
    is_scalar = kernel != "ends"
    variant = "dlsym" if rung == "floor" else ""
    return Case(kernel, size, rung, "prebound", "none" if is_scalar else "host", variant)


def panels(sizes: Iterable[int] = SIZES, steps: Iterable[int] = STEPS) -> list[tuple[str, int]]:
    """Kernel and size of every panel of the sweeps."""
    scalars = ["noop", *(f"args{count}" for count in range(1, 9))]
    return [*((name, 0) for name in scalars), *(("ends", size) for size in sizes), *(("spin", n) for n in steps)]


def sweep(
    laws: Mapping[str, Law], noise: float = 0.003, processes: int = 12, seed: int = 1,
    chosen: Iterable[tuple[str, int]] | None = None,
) -> Results:  # fmt: skip
    """A run over all panels, or those chosen; `noise` is the relative standard deviation between processes."""
    everything = {"floor": Law(0.0, 0.0, 0.0), **laws}
    rng = random.Random(seed)
    records, plan = [], {}
    for kernel, size in panels() if chosen is None else chosen:
        panel = f"in-process/{kernel}/{size}"
        plan[panel] = [case(rung, kernel, size).id for rung in everything]
        records += [_process(panel, number, kernel, size, everything, rng, noise) for number in range(processes)]
    return Results(RunRecord({"panels": plan, "profile": {"name": "full"}}, "", "", {}, {}, "", ""), records)


def _process(
    panel: str, number: int, kernel: str, size: int, laws: Mapping[str, Law], rng: random.Random, noise: float
) -> ProcessRecord:
    cases, far, far_once = [], {}, {}
    for rung, law in laws.items():
        drift = rng.gauss(1, noise)
        inner, outer = work(kernel, size, law.step) * drift, law.boundary(kernel, size) * rng.gauss(1, noise)
        name = "floor.dlsym" if rung == "floor" else rung
        has_far = law.has_far
        cases.append(CaseSeries(case(rung, kernel, size), _series(inner + outer, ITERATIONS), name if has_far else ""))
        if has_far:
            far[name] = Series(FAR_ITERATIONS, list(range(ROUNDS)), [round(inner * FAR_ITERATIONS + outer)] * ROUNDS)
            far_once[name] = _series(inner + outer, ITERATIONS)
    controls = {"empty": _series(0.0, ITERATIONS), "python_call": _series(20.0, ITERATIONS)}
    return ProcessRecord(panel, number, number, cases, far, far_once, controls)


def _series(ns_per_call: float, iterations: int) -> Series:
    return Series(iterations, list(range(ROUNDS)), [round((ns_per_call + LOOP_NS) * iterations)] * ROUNDS)


def write(results: Results, path: Path) -> None:
    """Put a run on disk, as `bench` does."""
    _, writer = open_results(path, replace(results.run, fingerprint={"cpu": "invented"}, version="0.1.0"))
    for record in results.processes:
        writer.append(record)
    writer.close()


def axis(kernel: str, size: int) -> float:
    """Sizes are bytes and steps already."""
    return float(size)
