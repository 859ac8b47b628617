"""What a call to another process costs beyond its median: the tail, both CPUs, and where the time goes."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from statistics import median

from ffi_spectrum.analysis.rounds import nets_and_works, per_iteration, subtract
from ffi_spectrum.results.latency import Latency, Percentiles
from ffi_spectrum.results.record import ProcessRecord
from ffi_spectrum.results.store import Results

# What a process may record as pieces of a call; what is left of the whole beside them and the work is the wake-up.
PARTS = ("serialise", "copy")
CACHE_LINE = "cache_line"
EMPTY = "empty"


@dataclass(frozen=True, slots=True)
class RemoteCost:
    """Of a case whose far side is another process; times in nanoseconds per call, None where nothing is known.

    p50 to p999 are latencies of single calls of all processes together, net of the clock's own; `mean_ns` is the time
    of a call in a row of them. `client_cpu_ns` and `worker_cpu_ns` are CPU time per call. The mean and the client's CPU
    time are net of the same row of nothing. `ratio_to_line` relates the time per call to the round trip of one cache
    line between the two CPUs, paired in each process. `parts` are medians over processes of "serialise", "copy",
    "work", and "wake": the rest of the whole, which is transport, scheduling and waiting.
    """

    p50_ns: float | None = None
    p99_ns: float | None = None
    p999_ns: float | None = None
    mean_ns: float | None = None
    client_cpu_ns: float | None = None
    worker_cpu_ns: float | None = None
    ratio_to_line: float | None = None
    line_ns: float | None = None
    parts: dict[str, float] = field(default_factory=dict)


@dataclass(slots=True)
class _Found:
    """What all processes of a group say about one case."""

    latencies: list[Latency] = field(default_factory=list)
    ratios: list[float] = field(default_factory=list)
    lines: list[float] = field(default_factory=list)
    parts: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))


def remote_costs(results: Results) -> dict[tuple[str, str], RemoteCost]:
    """By panel group and case id, for every case with latencies, pieces, or a cache line to compare with."""
    found: dict[tuple[str, str], _Found] = defaultdict(_Found)
    clocks: list[Latency] = []
    for process in results.processes:
        on_device = process.group == "device"  # whose parts are those of analysis.device
        if not on_device and (CACHE_LINE in process.controls or process.latencies or process.parts):
            _add(found, process)
            clocks += [latency for name, latency in process.latencies.items() if name == EMPTY]
    return {key: _cost(one, _Loop.of(clocks)) for key, one in found.items()}


def _add(found: dict[tuple[str, str], _Found], process: ProcessRecord) -> None:
    group = process.group
    empty = per_iteration(process.controls["empty"], process)
    nets, works = nets_and_works(process)
    lines = process.controls.get(CACHE_LINE)
    line_ns = median(per_iteration(lines, process).values()) if lines else 0.0
    for row in process.cases:
        one, whole = found[group, row.case.id], median(nets[row.case.id].values())
        if row.case.id in process.latencies:
            one.latencies.append(process.latencies[row.case.id])
        if line_ns > 0:
            one.lines.append(line_ns)
            one.ratios.append(whole / line_ns)
        pieces = process.parts.get(row.case.id)
        if pieces:
            parts = {name: median(subtract(per_iteration(s, process), empty).values()) for name, s in pieces.items()}
            if row.far in works:
                parts["work"] = median(works[row.far].values())
            parts["wake"] = whole - sum(parts.values())
            for name, ns in parts.items():
                one.parts[name].append(ns)


@dataclass(frozen=True, slots=True)
class _Loop:
    """What the loop around single calls takes where it calls nothing: a reading of the clock, a turn, its CPU time."""

    clock_ns: float = 0.0
    turn_ns: float = 0.0
    turn_cpu_ns: float = 0.0

    @classmethod
    def of(cls, empties: list[Latency]) -> _Loop:
        calls = sum(latency.calls for latency in empties)
        if not calls:
            return cls()
        elapsed_ns, cpu_ns = sum(one.elapsed_ns for one in empties), sum(one.client_cpu_ns for one in empties)
        return cls(_percentiles(empties).at(0.5) or 0.0, elapsed_ns / calls, cpu_ns / calls)


def _cost(found: _Found, loop: _Loop) -> RemoteCost:
    calls = sum(latency.calls for latency in found.latencies)
    shares = _percentiles(found.latencies)
    worker = [latency.worker_cpu_ns for latency in found.latencies if latency.worker_cpu_ns is not None]
    p50, p99, p999 = (None if ns is None else ns - loop.clock_ns for ns in map(shares.at, (0.5, 0.99, 0.999)))
    mean_ns = client_ns = None
    if calls:
        mean_ns = sum(latency.elapsed_ns for latency in found.latencies) / calls - loop.turn_ns
        client_ns = sum(latency.client_cpu_ns for latency in found.latencies) / calls - loop.turn_cpu_ns
    return RemoteCost(
        p50_ns=p50,
        p99_ns=p99,
        p999_ns=p999,
        mean_ns=mean_ns,
        client_cpu_ns=client_ns,
        worker_cpu_ns=sum(worker) / calls if calls and len(worker) == len(found.latencies) else None,
        ratio_to_line=median(found.ratios) if found.ratios else None,
        line_ns=median(found.lines) if found.lines else None,
        parts={name: median(values) for name, values in found.parts.items()},
    )


def _percentiles(latencies: list[Latency]) -> Percentiles:
    shares = Percentiles()
    for latency in latencies:
        shares.add(latency.bins)
    return shares
