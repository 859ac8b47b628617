"""Measure the targets of the in-process spectrum and of replayed lists in one run, and print each beside its bound.

    .venv/bin/python tools/targets.py [--out RESULTS.jsonl]

Exit code 1 where a target is missed. The raw results stay in RESULTS.jsonl (`ffi-spectrum show` reads them).
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from statistics import median

from ffi_spectrum.analysis.amortisation import Mixture, mixtures
from ffi_spectrum.analysis.estimate import Estimate, estimate_results
from ffi_spectrum.analysis.paired import paired_panels
from ffi_spectrum.analysis.panel import next_look
from ffi_spectrum.case import Case
from ffi_spectrum.commands.validate import target_line
from ffi_spectrum.measure.observer import Observer
from ffi_spectrum.measure.run import pinned_cpu, run_plan
from ffi_spectrum.plan import Plan, load_profile, make_plan
from ffi_spectrum.results.store import Results
from ffi_spectrum.rungs.mixture import BESIDE, MIXED
from ffi_spectrum.toolchain.build import Toolchain
from ffi_spectrum.validation.target import Target, at_least, at_most

PROCESSES = 20
SIZES = {"crc32": 65536, "saxpy": 100_000, "matmul": 4096}
RUNGS = ("cext", "cffi_api", "ctypes", "wasmtime", "wasmtime_fast")
RING = "shm_ring"

# A loop written by hand around the bare function, beside the harness's own loop: same process, alternating blocks.
HAND_WRITTEN = """
import json, sys
from itertools import repeat
from statistics import median
from time import perf_counter_ns
sys.path[:] = json.loads(sys.argv[1])
import os; cpu = int(sys.argv[2]); cpu >= 0 and os.sched_setaffinity(0, {cpu})
import gc; gc.disable()
from ffi_spectrum.kernels.table import KERNELS
from ffi_spectrum.kernels.workload import make_workload
from ffi_spectrum.measure.loop import EMPTY, compile_block
from ffi_spectrum.rungs.table import rung_class
from ffi_spectrum.toolchain.build import Toolchain

def noop_loop(times, noop):
    start = perf_counter_ns()
    for _ in repeat(None, times):
        noop()
    return perf_counter_ns() - start

def add_loop(times, add):
    start = perf_counter_ns()
    for _ in repeat(None, times):
        add(123456, 7)
    return perf_counter_ns() - start

ratios = {}
empty = compile_block(EMPTY)
for name in ("cffi_api", "ctypes"):
    rung = rung_class(name)(rung_class(name).build(Toolchain()))
    rung.open()
    for kernel, loop in (("noop", noop_loop), ("add", add_loop)):
        bound = rung.bind(rung.place(make_workload(KERNELS[kernel], 0), "none"), "prebound")
        function, block = bound.names[kernel], compile_block(bound)
        rounds = [(block(1000), loop(1000, function), empty(1000)) for _ in range(200)][20:]
        ratios[f"{name} {kernel}"] = median(b - e for b, h, e in rounds) / median(h - e for b, h, e in rounds)
print(json.dumps(ratios))
"""


def hand_written_targets() -> list[Target]:
    command = [sys.executable, "-c", HAND_WRITTEN, json.dumps(sys.path), str(pinned_cpu())]
    runs = [
        json.loads(subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout)
        for _ in range(PROCESSES)
    ]
    return [
        at_most(f"harness loop against a hand-written loop: {name}", 100 * abs(ratio - 1), "%", 3.0)
        for name in runs[0]
        for ratio in [median(run[name] for run in runs)]
    ]


def spectrum_targets(rows: list[Estimate]) -> list[Target]:
    def row(kernel: str, rung: str, placement: str) -> Estimate:
        return next(r for r in rows if (r.kernel, r.rung, r.placement, r.form) == (kernel, rung, placement, "prebound"))

    def ns(kernel: str, rung: str, placement: str = "none") -> float:
        found = row(kernel, rung, placement).ns_per_call
        assert found is not None, row(kernel, rung, placement)
        return found

    def far(kernel: str, rung: str, placement: str) -> float:
        found = row(kernel, rung, placement).far_side_ns
        assert found is not None, row(kernel, rung, placement)
        return found

    targets = [
        at_most(f"wasmtime_fast above cext, {kernel}", ns(kernel, "wasmtime_fast") - ns(kernel, "cext"), "ns", 18)
        for kernel in ("noop", "add")
    ]
    times_faster = ns("add", "wasmtime") / ns("add", "wasmtime_fast")
    targets.append(at_least("wasmtime_fast against wasmtime, add", times_faster, "x", 400))
    for kernel, bound in (("crc32", 1.25), ("saxpy", 1.35), ("matmul", 1.6)):
        ratio = far(kernel, "wasmtime_fast", "guest") / far(kernel, "floor", "host")
        targets.append(at_most(f"guest over native, {kernel} at {SIZES[kernel]}", ratio, "x", bound))
    return targets


def replay_targets(found: list[Mixture]) -> list[Target]:
    """What a shuffled list adds to the far-side loops, in the order that a recording gives it."""
    bounds = {"ctypes": 3.0, "wasmtime_fast": 7.0, "shm_ring": 3.0}
    grouped = {one.case.rung: one for one in found if not one.is_ordered}
    return [
        at_most(f"a shuffled list of {grouped[rung].calls:,}, {rung}", grouped[rung].added.point, "ns", bound)
        for rung, bound in bounds.items()
    ]


def measure(out: Path) -> Results:
    """One results file: a panel for each kernel, the sizes that the targets name."""
    profile = replace(load_profile("quick"), calls={MIXED: (10_000,)})
    small = make_plan(profile, rungs=(*RUNGS, RING), kernels=("noop", "add"), forms=("prebound",), seed=1)
    panels = [replace(panel, cases=tuple(filter(_is_needed, panel.cases))) for panel in small.panels]
    for kernel, size in SIZES.items():
        rungs = ("cext", "wasmtime_fast")
        panels += make_plan(profile, rungs=rungs, kernels=(kernel,), sizes=(size,), forms=("prebound",)).panels
    return run_plan(Plan(profile, tuple(panels), (), 1), out, Toolchain(), Observer(), next_look)


def _is_needed(case: Case) -> bool:
    """False for the ring's other ways to wait, and for calls that overlap: the worker that replays a list spins."""
    return case.rung != RING or (case.variant == "spin" and case.strategy != "pipelined")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("results/targets.jsonl"))
    results = measure(parser.parse_args().out)
    targets = spectrum_targets(estimate_results(results)) + replay_targets(mixtures(paired_panels(results), BESIDE))
    targets += hand_written_targets()
    for target in targets:
        print(target_line(target))
    return 0 if all(target.state == "met" for target in targets) else 1


if __name__ == "__main__":
    sys.exit(main())
