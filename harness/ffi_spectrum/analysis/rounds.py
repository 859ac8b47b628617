"""One process's blocks, by round: nanoseconds per call net of the empty loop, and per iteration of a far side."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import median

from ffi_spectrum.results.record import ProcessRecord, Series

Net = Mapping[int, float]


def nets_and_works(process: ProcessRecord) -> tuple[dict[str, Net], dict[str, Net]]:
    """Per call net of the empty loop, by case, and per far-side iteration, by series: both by round."""
    empty = per_iteration(process.controls["empty"], process)
    nets: dict[str, Net] = {}
    for row in process.cases:
        calls = dict(row.case.params).get("calls", 1)  # of the kernel, by one crossing
        net = subtract(per_iteration(row.series, process), empty)
        nets[row.case.id] = {r: ns / calls for r, ns in net.items()} if calls > 1 else net
    return nets, {name: _work(name, process, empty, nets) for name in process.far}


def _work(name: str, process: ProcessRecord, empty: Mapping[int, float], nets: Mapping[str, Net]) -> dict[int, float]:
    """Far-side nanoseconds per iteration, by round.

    A block of N calls takes crossing + N * work, and the same entry asked for one call crossing + work; so
    work = (block - once) / (N - 1).
    """
    far = process.far[name]
    if name in process.far_once:
        once = median(subtract(per_iteration(process.far_once[name], process), empty).values())
    else:
        once = median(next(nets[row.case.id] for row in process.cases if row.far == name).values())
    return {r: (ns - once) / max(far.iterations - 1, 1) for r, ns in _blocks(far, process).items()}


def _blocks(series: Series, process: ProcessRecord) -> dict[int, int]:
    """Elapsed nanoseconds by round: the undisturbed ones, or all where there are no others."""
    blocks = dict(zip(series.rounds, series.elapsed_ns, strict=True))
    return {r: ns for r, ns in blocks.items() if r not in process.disturbed} or blocks


def per_iteration(series: Series, process: ProcessRecord) -> dict[int, float]:
    """Nanoseconds per call, by round."""
    return {r: ns / series.iterations for r, ns in _blocks(series, process).items()}


def subtract(left: Mapping[int, float], right: Mapping[int, float]) -> dict[int, float]:
    """Differences of the rounds that both have; all of the left against the right's median where they share none."""
    shared = {r: left[r] - right[r] for r in left if r in right}
    if shared:
        return shared
    middle = median(right.values())
    return {r: ns - middle for r, ns in left.items()}
