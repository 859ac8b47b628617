"""One estimate per case: medians of paired differences within a process, then the median across processes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, fields, replace
from statistics import median
from typing import Any

from ffi_spectrum.analysis.cap import Cap
from ffi_spectrum.analysis.device.launches import LaunchCost, launch_costs
from ffi_spectrum.analysis.interval import Interval, median_interval
from ffi_spectrum.analysis.remote import RemoteCost, remote_costs
from ffi_spectrum.analysis.rounds import Net, nets_and_works, per_iteration, subtract
from ffi_spectrum.analysis.stopping import WIDE, Precision, panel_precision
from ffi_spectrum.case import Case, Status
from ffi_spectrum.results.record import CaseRecord, ProcessRecord, group_of
from ffi_spectrum.results.store import Results

# With fewer, the range of all values covers their median in less than 95 % of the runs.
MIN_PROCESSES = 6
# The reference of every ratio: the C loop through a dlsym pointer, whose own time per call is its far-side loop.
FLOOR = "floor"
FLOOR_SERIES = "floor.dlsym"
IN_PROCESS = "in-process"
# Attributes that the rows of `show --json` do not have, or have at their end.
_NOT_IN_ROW = ("processes", "remote", "launch", "precision", "is_at_cap")
# A case may be in panels of two groups: an anchor is.
Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Estimate:
    """One row of the spectrum; times in nanoseconds net of the empty loop, None where there is nothing to say.

    `far_side_ns` is the far-side loop per iteration; `boundary_ns` the paired difference of the two (0 by definition in
    pure Python, None where the reimplementation's work and boundary cannot be told apart); intervals are 95 %.
    `precision` is what the case's panel aimed at, and `is_at_cap` says that it may get no further processes.
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
    panel_group: str = IN_PROCESS
    remote: RemoteCost | None = None
    launch: LaunchCost | None = None
    precision: Precision = WIDE
    is_at_cap: bool = False

    @property
    def is_imprecise(self) -> bool:
        """True where an interval is wider than its panel aimed at, or rests on too few processes."""
        if self.ns_per_call is None:
            return False
        aim = 2 * self.precision.aim_ns(self.ns_per_call)
        pairs = ((self.ns_low, self.ns_high), (self.boundary_low, self.boundary_high))
        is_wide = any(low is not None and high is not None and high - low > aim for low, high in pairs)
        return is_wide or self.processes < MIN_PROCESSES

    @property
    def is_unresolved(self) -> bool:
        """True where it is imprecise although its panel got all the processes that it may have."""
        return self.is_imprecise and self.is_at_cap

    def to_json(self) -> dict[str, Any]:
        """The row that `show --json` prints; "remote" and "launch" are there only where they say something."""
        row = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in _NOT_IN_ROW}
        row |= {"processes": self.processes, "is_imprecise": self.is_imprecise, "is_unresolved": self.is_unresolved}
        more = {"remote": self.remote, "launch": self.launch}
        return row | {name: asdict(value) for name, value in more.items() if value is not None}


@dataclass(slots=True)
class Samples:
    """One value per process, for each of the quantities of a case."""

    call: list[float] = field(default_factory=list)
    far: list[float] = field(default_factory=list)
    boundary: list[float] = field(default_factory=list)
    to_floor: list[float] = field(default_factory=list)
    to_python: list[float] = field(default_factory=list)


def estimate_results(results: Results) -> list[Estimate]:
    """Estimates of every case of a run, in the order of its plan; cases without measurements carry their reason.

    A case that stands in panels of several groups, as an anchor does, has an estimate for each.
    """
    samples: dict[Key, Samples] = {}
    cases: dict[Key, Case] = {}
    aims: dict[Key, dict[str, Any]] = {}
    for panel, records in results.by_panel().items():
        group = group_of(panel)
        cases |= {(group, row.case.id): row.case for record in records for row in record.cases}
        reduced = {(group, id): own for id, own in reduce_processes(records).items()}
        samples |= reduced
        aims |= dict.fromkeys(reduced, _aim(results, panel, records))
    remote, launches = remote_costs(results), launch_costs(results)
    planned = [(group_of(panel), id) for panel, ids in results.run.plan["panels"].items() for id in ids]
    groups = {id: group for group, id in reversed(planned)}
    refused: dict[Key, CaseRecord] = {}
    for record in results.cases:  # what was never in a panel belongs to none
        id = record.case.id
        refused |= {key: record for key in planned if key[1] == id} or {(groups.get(id, IN_PROCESS), id): record}
    cases |= {key: record.case for key, record in refused.items()}
    found = []
    for key in dict.fromkeys([*planned, *cases]):
        case = cases.get(key) or Case.from_id(key[1])
        estimate = _estimate(case, samples.get(key), refused.get(key))
        more = {"remote": remote.get(key), "launch": launches.get(key), **aims.get(key, {})}
        found.append(replace(estimate, panel_group=key[0], **more))
    return found


def _aim(results: Results, panel: str, records: list[ProcessRecord]) -> dict[str, Any]:
    """How precise the panel's cases should be, and whether they may get more processes: nothing of fixed runs."""
    cap = Cap.of(results.run.plan)
    if cap is None:
        return {}
    cases = len(results.run.plan["panels"].get(panel, records[-1].cases))
    return {"precision": panel_precision(cases), "is_at_cap": cap.is_reached(records)}


def reduce_processes(records: Iterable[ProcessRecord]) -> dict[str, Samples]:
    """The values of every case, by id, over processes of one panel."""
    samples: dict[str, Samples] = defaultdict(Samples)
    for record in records:
        _add_process(samples, record)
    return dict(samples)


def net_by_process(results: Results) -> dict[str, list[Net]]:
    """Nanoseconds per call net of the empty loop, by round, of each process of every case that was measured.

    The median over rounds is the process's value, and the median of these `ns_per_call` of its estimate. Of a case in
    panels of several groups, the first one that the plan names counts.
    """
    left_out, groups = results.left_out, results.first_groups
    found: dict[str, list[Net]] = defaultdict(list)
    for process in results.processes:
        nets, works = nets_and_works(process)
        for row in process.cases:
            id = row.case.id
            if id not in left_out and groups.get(id, process.group) == process.group:
                found[id].append(works[row.far] if row.case.rung == FLOOR else nets[id])
    return dict(found)


def _estimate(case: Case, samples: Samples | None, refused: CaseRecord | None) -> Estimate:
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


def _add_process(samples: dict[str, Samples], process: ProcessRecord) -> None:
    """Reduce one process to one value per case and quantity."""
    empty = per_iteration(process.controls["empty"], process)
    nets, works = nets_and_works(process)
    python = median(subtract(per_iteration(process.controls["python_call"], process), empty).values())
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
            sample.boundary.append(0.0 if row.case.rung == FLOOR else median(subtract(net, work).values()))
