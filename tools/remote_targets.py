"""Measure the targets of the out-of-process rungs in one run, and print each figure beside its bound.

    .venv/bin/python tools/remote_targets.py [--out RESULTS.jsonl] [--show RESULTS.jsonl]

Every ratio is paired: taken in each process from that process's own medians, then the median over processes. `--show`
computes the figures of an earlier run again. Exit code 1 where a target is missed.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import NamedTuple

from ffi_spectrum.analysis.panel import next_look
from ffi_spectrum.analysis.rounds import nets_and_works, per_iteration
from ffi_spectrum.case import Case
from ffi_spectrum.measure.observer import Observer
from ffi_spectrum.measure.run import run_plan
from ffi_spectrum.plan import Plan, load_profile, make_plan
from ffi_spectrum.report.numbers import ratio
from ffi_spectrum.results.record import ProcessRecord
from ffi_spectrum.results.store import Results, read_results
from ffi_spectrum.toolchain.build import Toolchain
from ffi_spectrum.validation.target import Target, at_least, at_most

RUNGS = ("cffi_api", "shm_ring", "uds", "pipe", "grpc")
# `ends` looks at the first and the last byte of what it is sent: nearly nothing but the way there.
NOOP, MEBI, SIXTEEN_MEBI = ("noop", 0), ("ends", 2**20), ("ends", 2**24)
Value = Callable[[ProcessRecord], float]


class Ratio(NamedTuple):
    """A figure, in what panel it is taken, and its bound."""

    name: str
    panel: tuple[str, int]
    value: Value
    bound: float
    is_upper: bool
    unit: str = "x"


def call(way: str) -> Value:
    """Time per call of a prebound case with its worker on another CPU."""

    def value(process: ProcessRecord) -> float:
        nets = nets_and_works(process)[0]
        found = (nets[row.case.id] for row in process.cases if _is(row.case.id, way))
        return median(next(found).values())

    return value


def _is(id: str, way: str) -> bool:
    _, _, rung, form, _, strategy, *params = id.split("/")
    return (rung, form, strategy) == (way, "prebound", "per_call") and params in ([], ["cores=2"])


def control(name: str) -> Value:
    return lambda process: median(per_iteration(process.controls[name], process).values())


def over(left: Value, right: Value) -> Value:
    return lambda process: left(process) / right(process)


def above(left: Value, right: Value) -> Value:
    return lambda process: (left(process) - right(process)) / 1000


WAYS = ("cffi_api", "shm_ring.spin", "uds.frame", "pipe", "grpc.unary")
RING = call("shm_ring.spin")
RATIOS = (
    Ratio("ring C to C / cache line", NOOP, over(control("ring_c"), control("cache_line")), 3, True),
    Ratio("ring from Python / cache line", NOOP, over(RING, control("cache_line")), 5, True),
    Ratio("ring minus in-process cffi", NOOP, above(RING, call("cffi_api")), 0.3, True, "us"),
    Ratio("pipe / ring, no-op", NOOP, over(call("pipe"), RING), 40, False),
    Ratio("grpc unary / ring, no-op", NOOP, over(call("grpc.unary"), RING), 500, False),
    Ratio("ring copy-in / memcpy, 1 MiB", MEBI, over(RING, control("memcpy")), 1.15, True),
    Ratio("ring copy-in / memcpy, 16 MiB", SIXTEEN_MEBI, over(RING, control("memcpy")), 1.15, True),
    Ratio("uds / ring, 1 MiB", MEBI, over(call("uds.frame"), RING), 5, False),
    Ratio("pipe / ring, 1 MiB", MEBI, over(call("pipe"), RING), 8, False),
    Ratio("grpc unary / ring, 1 MiB", MEBI, over(call("grpc.unary"), RING), 30, False),
)
CONTEXT = (
    ("cache line", NOOP, control("cache_line")),
    ("ring C to C", NOOP, control("ring_c")),
    ("ring from Python", NOOP, RING),
    ("memcpy, 1 MiB", MEBI, control("memcpy")),
    ("ring, 1 MiB", MEBI, RING),
    ("memcpy, 16 MiB", SIXTEEN_MEBI, control("memcpy")),
    ("ring, 16 MiB", SIXTEEN_MEBI, RING),
)


def measure(out: Path) -> Results:
    """One results file with a panel for each size."""
    # A block of the profile's 50 us holds one call with 1 MiB, and other cases have the caches between two of them: the
    # copy then took 1.27 times what copying again and again takes. Longer blocks compare like with like.
    profile = replace(load_profile("quick"), max_call_ms=100.0, block_ns=10_000_000)
    plans = [
        make_plan(profile, rungs=RUNGS, kernels=(kernel,), sizes=(size,) if size else (), forms=("prebound",), seed=1)
        for kernel, size in (NOOP, MEBI, SIXTEEN_MEBI)
    ]
    remote = [panel for plan in plans for panel in plan.panels if panel.panel_group == "out-of-process"]
    panels = [replace(panel, cases=tuple(case for case in panel.cases if _is_needed(case))) for panel in remote]
    plan = Plan(plans[0].profile, tuple(panels), (), 1)
    return run_plan(plan, out, Toolchain(), Observer(), next_look)


def _is_needed(case: Case) -> bool:
    return case.rung == "floor" or (case.way in WAYS and _is(case.id, case.way))


def values(results: Results, panel: tuple[str, int], value: Value) -> Iterable[float]:
    id = f"out-of-process/{panel[0]}/{panel[1]}"
    return [value(process) for process in results.processes if process.panel == id]


def targets_of(results: Results) -> Iterator[Target]:
    """Every figure with its bound; the detail is the range over processes."""
    for one in RATIOS:
        found = sorted(values(results, one.panel, one.value))
        make = at_most if one.is_upper else at_least
        yield make(one.name, median(found), one.unit, one.bound, f"{ratio(found[0])} to {ratio(found[-1])}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("results/remote-targets.jsonl"))
    parser.add_argument("--show", type=Path)
    options = parser.parse_args()
    results = read_results(options.show) if options.show else measure(options.out)
    targets = list(targets_of(results))
    for target in targets:
        verdict = "met" if target.state == "met" else "MISSED"
        figure = f"{target.target:32} {ratio(target.figure):>7} {target.unit:2}"
        print(f"{figure} {target.bound:8} {verdict:7} ({target.detail})")
    for name, panel, value in CONTEXT:
        print(f"{name:32} {median(values(results, panel, value)) / 1000:10,.3f} us")
    return 0 if all(target.state == "met" for target in targets) else 1


if __name__ == "__main__":
    sys.exit(main())
