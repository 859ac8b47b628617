"""What a launch costs, in three parts: the binding's crossing, the driver's enqueue, and the device's launch latency.

Only the crossing is the binding's. It is a path's launches less the C loop's, both behind a stream that is held back;
the C loop is the enqueue; the latency is what is left, on an idle device, until the kernel of a bare C launch starts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import median

from ffi_spectrum.analysis.device.clock import Timeline, timeline
from ffi_spectrum.analysis.interval import Interval, median_interval
from ffi_spectrum.analysis.rounds import per_iteration, subtract
from ffi_spectrum.case import Case
from ffi_spectrum.results.record import ProcessRecord
from ffi_spectrum.results.store import Results

DEVICE = "device"
# Names that a device's process records: parts of a call, controls, and the launches by the C launcher.
HELD, NOTHING = "held", "nothing"
ENQUEUE, ENTRY = "enqueue", "launch_entry"
IN_C = "c"


@dataclass(frozen=True, slots=True)
class LaunchCost:
    """Of a launch path, in nanoseconds per launch; medians over processes, None where nothing is known.

    `held` are its launches behind a held stream, `enqueue` the C loop's, `crossing` the paired difference; `latency` is
    the device's. `nothing` is the same call of a C function that does nothing: what a machine without a
    device would say about the crossing. The others are of single launches on
    an idle device, counted from before the call: until it `returned`, until the kernel `started`, until the host saw
    the kernel's `flag`; `expected_flag` is what crossing, enqueue, latency and the flag's way add up to.
    `clock_error_ns` bounds what `started` may be wrong by: half a round trip between the clocks.
    """

    held: Interval
    enqueue: Interval
    crossing: Interval
    ratio: float
    latency: float | None = None
    nothing: float | None = None
    returned: float | None = None
    started: float | None = None
    flag: float | None = None
    expected_flag: float | None = None
    clock_error_ns: float | None = None

    @property
    def until_start(self) -> float | None:
        """Nanoseconds until the kernel starts, as the sum of the three parts."""
        return None if self.latency is None else self.crossing.point + self.enqueue.point + self.latency


@dataclass(slots=True)
class _Found:
    """One value per process."""

    held: list[float] = field(default_factory=list)
    enqueue: list[float] = field(default_factory=list)
    crossing: list[float] = field(default_factory=list)
    nothing: list[float] = field(default_factory=list)


@dataclass(slots=True)
class _Idle:
    """Medians of single launches of one path, one per process."""

    returned: list[float] = field(default_factory=list)
    started: list[float] = field(default_factory=list)
    flag: list[float] = field(default_factory=list)


def launch_costs(results: Results) -> dict[tuple[str, str], LaunchCost]:
    """By panel group and case id, for every case whose launches were made behind a held stream."""
    found: dict[str, _Found] = defaultdict(_Found)
    idle: dict[str, _Idle] = defaultdict(_Idle)
    errors: list[float] = []
    stamped = {process.panel for process in results.processes if process.device}
    cases = {row.case.id for process in results.processes if process.panel in stamped for row in process.cases}
    for process in results.processes:
        if process.group == DEVICE:
            _add_held(found, process)
            _add_idle(idle, errors, process)
    bare = idle.get(IN_C)
    clock_error = median(errors) if errors else None
    return {
        (DEVICE, id): _cost(one, idle.get(Case.from_id(id).way) if id in cases else None, bare, clock_error)
        for id, one in found.items()
    }


def _add_held(found: dict[str, _Found], process: ProcessRecord) -> None:
    empty = per_iteration(process.controls["empty"], process)
    for row in process.cases:
        parts = process.parts.get(row.case.id, {})
        loop = loop_per_launch(process, dict(row.case.params).get("nargs", 0))
        if HELD not in parts or not loop:
            continue
        one, held = found[row.case.id], subtract(per_iteration(parts[HELD], process), empty)
        one.held.append(median(held.values()))
        one.enqueue.append(median(loop.values()))
        one.crossing.append(median(subtract(held, loop).values()))
        if NOTHING in parts:
            one.nothing.append(median(subtract(per_iteration(parts[NOTHING], process), empty).values()))


def loop_per_launch(process: ProcessRecord, nargs: int) -> Mapping[int, float]:
    """The C loop of noop with so many arguments, per launch and by round: a block less its entry's own time."""
    name = f"{ENQUEUE}{nargs or ''}"
    if name not in process.controls or ENTRY not in process.controls:
        return {}
    series, entry = process.controls[name], process.controls[ENTRY]
    entry_ns = median(entry.elapsed_ns)
    return {r: ns - entry_ns / series.iterations for r, ns in per_iteration(series, process).items()}


def _add_idle(idle: dict[str, _Idle], errors: list[float], process: ProcessRecord) -> None:
    sample = process.device
    if sample is None or not sample.pings:
        return
    line: Timeline = timeline(sample.pings)
    errors.append(line.error_ns)
    for name, stamps in sample.stamps.items():
        pairs = zip(stamps.asked_ns, stamps.started_ns, strict=True)
        one = idle[name]
        one.returned.append(median(stamps.returned_ns))
        one.flag.append(median(stamps.seen_ns))
        one.started.append(median(line.host_ns(started) - asked for asked, started in pairs))


def _cost(one: _Found, own: _Idle | None, bare: _Idle | None, clock_error: float | None) -> LaunchCost:
    held, enqueue, crossing = map(median_interval, (one.held, one.enqueue, one.crossing))
    nothing = median(one.nothing) if one.nothing else None
    ratio = held.point / enqueue.point
    if bare is None:
        return LaunchCost(held, enqueue, crossing, ratio, nothing=nothing)
    latency = median(bare.started) - enqueue.point
    flag_way = median(bare.flag) - median(bare.started)
    return LaunchCost(
        held, enqueue, crossing, ratio, latency, nothing,
        returned=median(own.returned) if own else None,
        started=median(own.started) if own else None,
        flag=median(own.flag) if own else None,
        expected_flag=crossing.point + enqueue.point + latency + flag_way,
        clock_error_ns=clock_error,
    )  # fmt: skip
