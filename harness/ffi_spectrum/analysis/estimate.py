"""One estimate per case: medians of paired differences within a process, then the median across processes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, fields
from statistics import median
from typing import Any

from ffi_spectrum.analysis.interval import Interval, median_interval
from ffi_spectrum.case import Case, Status
from ffi_spectrum.results.record import CaseRecord, ProcessRecord, Series
from ffi_spectrum.results.store import Results

# Half-width of an interval that a wide panel aims at: the larger of the two.
PRECISE_NS = 0.5
PRECISE_FRACTION = 0.01
# With fewer, the range of all values covers their median in less than 95 % of the runs.
MIN_PROCESSES = 6
# The reference of every ratio: the C loop through a dlsym pointer, whose own time per call is its far-side loop.
FLOOR = "floor"
FLOOR_SERIES = "floor.dlsym"


@dataclass(frozen=True, slots=True)
class Estimate:
    """One row of the spectrum; times in nanoseconds net of the empty loop, None where there is nothing to say.

    `far_side_ns` is the far-side loop per iteration; `boundary_ns` the paired difference of the two (0 by definition in
    pure Python, None where the reimplementation's work and boundary cannot be told apart); intervals are 95 %.
    """

    id: str
    kernel: str
    size: int
    rung: str
    variant: str
    form: str
    placement: str
    strategy: str
    params: dict[str, int]
    status: Status
    reason: str = ""
    ns_per_call: float | None = None
    ns_low: float | None = None
    ns_high: float | None = None
    far_side_ns: float | None = None
    boundary_ns: float | None = None
    boundary_low: float | None = None
    boundary_high: float | None = None
    ratio_to_floor: float | None = None
    ratio_to_python_call: float | None = None
    processes: int = 0

    @property
    def is_imprecise(self) -> bool:
        """True where an interval is wider than a table should show without a warning, or rests on too few processes."""
        if self.ns_per_call is None:
            return False
        aim = 2 * max(PRECISE_NS, PRECISE_FRACTION * abs(self.ns_per_call))
        pairs = ((self.ns_low, self.ns_high), (self.boundary_low, self.boundary_high))
        is_wide = any(low is not None and high is not None and high - low > aim for low, high in pairs)
        return is_wide or self.processes < MIN_PROCESSES

    def to_json(self) -> dict[str, Any]:
        """The row that `show --json` prints: every field from id to ratio_to_python_call."""
        return {f.name: getattr(self, f.name) for f in fields(self) if f.name != "processes"}


Net = Mapping[int, float]


@dataclass(slots=True)
class _Samples:
    """One value per process, for each of the quantities."""

    call: list[float]
    far: list[float]
    boundary: list[float]
    to_floor: list[float]
    to_python: list[float]


def estimate_results(results: Results) -> list[Estimate]:
    """Estimates of every case of a run, in the order of its plan; cases without measurements carry their reason."""
    samples: dict[str, _Samples] = defaultdict(lambda: _Samples([], [], [], [], []))
    cases: dict[str, Case] = {}
    for process in results.processes:
        cases |= {row.case.id: row.case for row in process.cases}
        _add_process(samples, process)
    refused = {record.case.id: record for record in results.cases}
    cases |= {id: record.case for id, record in refused.items()}
    planned = [id for ids in results.run.plan["panels"].values() for id in ids]
    return [
        _estimate(cases.get(id) or Case.from_id(id), samples.get(id), refused.get(id))
        for id in dict.fromkeys([*planned, *cases])
    ]


def net_by_process(results: Results) -> dict[str, list[Net]]:
    """Nanoseconds per call net of the empty loop, by round, of each process of every case that was measured.

    The median over rounds is the process's value, and the median of these `ns_per_call` of its estimate.
    """
    left_out = {record.case.id for record in results.cases if record.status != "unavailable"}
    found: dict[str, list[Net]] = defaultdict(list)
    for process in results.processes:
        nets, works = _nets_and_works(process)
        for row in process.cases:
            if row.case.id not in left_out:
                found[row.case.id].append(works[row.far] if row.case.rung == FLOOR else nets[row.case.id])
    return dict(found)


def _estimate(case: Case, samples: _Samples | None, refused: CaseRecord | None) -> Estimate:
    axes = {
        name: getattr(case, name) for name in ("kernel", "size", "rung", "variant", "form", "placement", "strategy")
    }
    if samples is not None and refused is not None and refused.status == "unavailable":
        refused = None  # it was unavailable when the file was begun, and measured when it was resumed
    if refused is not None or samples is None:
        status, reason = (refused.status, refused.reason) if refused else ("skipped", "not measured yet")
        return Estimate(id=case.id, **axes, params=dict(case.params), status=status, reason=reason)
    call = median_interval(samples.call)
    boundary = median_interval(samples.boundary) if samples.boundary else Interval(0.0, 0.0, 0.0)
    has_boundary = bool(samples.boundary) or case.rung == "python"
    return Estimate(
        id=case.id, **axes, params=dict(case.params), status="ok",
        ns_per_call=call.point, ns_low=call.low, ns_high=call.high,
        far_side_ns=median(samples.far) if samples.far else None,
        boundary_ns=boundary.point if has_boundary else None,
        boundary_low=boundary.low if has_boundary else None,
        boundary_high=boundary.high if has_boundary else None,
        ratio_to_floor=median(samples.to_floor) if samples.to_floor else None,
        ratio_to_python_call=median(samples.to_python) if samples.to_python else None,
        processes=len(samples.call),
    )  # fmt: skip


def _add_process(samples: dict[str, _Samples], process: ProcessRecord) -> None:
    """Reduce one process to one value per case and quantity."""
    empty = _per_iteration(process.controls["empty"], process)
    nets, works = _nets_and_works(process)
    python = median(_subtract(_per_iteration(process.controls["python_call"], process), empty).values())
    floor = median(works[FLOOR_SERIES].values()) if FLOOR_SERIES in works else 0.0
    for row in process.cases:
        sample, net = samples[row.case.id], nets[row.case.id]
        work: Net = works.get(row.far, {})
        call = median(work.values() if row.case.rung == FLOOR else net.values())
        sample.call.append(call)
        if floor > 0:
            sample.to_floor.append(call / floor)
        if python > 0:
            sample.to_python.append(call / python)
        if work:
            sample.far.append(median(work.values()))
            sample.boundary.append(0.0 if row.case.rung == FLOOR else median(_subtract(net, work).values()))


def _nets_and_works(process: ProcessRecord) -> tuple[dict[str, Net], dict[str, Net]]:
    """Per call net of the empty loop, by case, and per far-side iteration, by series: both by round."""
    empty = _per_iteration(process.controls["empty"], process)
    nets: dict[str, Net] = {row.case.id: _subtract(_per_iteration(row.series, process), empty) for row in process.cases}
    return nets, {name: _work(name, process, empty, nets) for name in process.far}


def _work(name: str, process: ProcessRecord, empty: Mapping[int, float], nets: Mapping[str, Net]) -> dict[int, float]:
    """Far-side nanoseconds per iteration, by round.

    A block of N calls takes crossing + N * work, and the same entry asked for one call crossing + work; so
    work = (block - once) / (N - 1).
    """
    far = process.far[name]
    if name in process.far_once:
        once = median(_subtract(_per_iteration(process.far_once[name], process), empty).values())
    else:
        once = median(next(nets[row.case.id] for row in process.cases if row.far == name).values())
    return {r: (ns - once) / max(far.iterations - 1, 1) for r, ns in _blocks(far, process).items()}


def _blocks(series: Series, process: ProcessRecord) -> dict[int, int]:
    """Elapsed nanoseconds by round: the undisturbed ones, or all where there are no others."""
    blocks = dict(zip(series.rounds, series.elapsed_ns, strict=True))
    return {r: ns for r, ns in blocks.items() if r not in process.disturbed} or blocks


def _per_iteration(series: Series, process: ProcessRecord) -> dict[int, float]:
    """Nanoseconds per call, by round."""
    return {r: ns / series.iterations for r, ns in _blocks(series, process).items()}


def _subtract(left: Mapping[int, float], right: Mapping[int, float]) -> dict[int, float]:
    """Differences of the rounds that both have; all of the left against the right's median where they share none."""
    shared = {r: left[r] - right[r] for r in left if r in right}
    if shared:
        return shared
    middle = median(right.values())
    return {r: ns - middle for r, ns in left.items()}
