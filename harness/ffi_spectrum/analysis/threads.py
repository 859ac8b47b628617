"""What several threads get out of a rung, and what others wait for meanwhile."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Any, Literal

from ffi_spectrum.analysis.interval import Interval, median_interval
from ffi_spectrum.results.study import AbsentRecord
from ffi_spectrum.results.threads import ThreadsRecord

Verdict = Literal["scales", "takes turns", "stalls", "unresolved"]
# Another thread that waits for this share of a call has waited for its end: Python code gives way after the switch
# interval, 5 ms, which is at most half of a call.
STALL_SHARE = 2 / 3
# The share of what the control gains by more threads that a rung must reach to be called scaling.
GAIN_SHARE = 0.5
# A control that gains less says that there is nothing to gain: one CPU, say.
MIN_GAIN = 0.1
# A process during which others kept more than this much of a CPU busy is left out, unless most are.
BUSY_CPUS = 0.1


@dataclass(frozen=True, slots=True)
class Lateness:
    """How late sleepers woke in all processes together, in ns; `p99` needs a hundred wake-ups."""

    p50: float
    p99: float | None
    max: float
    count: int


@dataclass(frozen=True, slots=True)
class ThreadsEstimate:
    """One way. `scaling` has calls per second of each number of threads, relative to one, the median over processes.

    `processes` are those that had the machine to themselves; `disturbed` ones are left out, unless they are most: then
    all count, and the verdict is "unresolved" where it would rest on scaling. `status` other than "ok" comes
    without figures; a reason says what could not be done, also where earlier processes were measured.
    """

    way: str
    status: Literal["ok", "unavailable"] = "ok"
    reason: str = ""
    kernel: str = ""
    processes: int = 0
    call_ns: float = 0.0
    scaling: Mapping[int, Interval] | None = None
    lateness: Mapping[str, Lateness] | None = None
    verdict: Verdict | None = None
    disturbed: int = 0

    def to_json(self) -> dict[str, Any]:
        scaling = {str(n): [one.point, one.low, one.high] for n, one in (self.scaling or {}).items()}
        lateness = {
            name: {"p50_ns": one.p50, "p99_ns": one.p99, "max_ns": one.max, "count": one.count}
            for name, one in (self.lateness or {}).items()
        }
        return {
            "way": self.way, "status": self.status, "reason": self.reason, "kernel": self.kernel,
            "processes": self.processes, "call_ns": self.call_ns, "verdict": self.verdict, "scaling": scaling,
            "lateness": lateness, "disturbed": self.disturbed,
        }  # fmt: skip


def estimate_threads(records: Iterable[ThreadsRecord | AbsentRecord], control: str) -> list[ThreadsEstimate]:
    """One estimate per way, in the order of the records; the way `control` says what could be gained."""
    ways: dict[str, list[ThreadsRecord]] = {}
    reasons: dict[str, str] = {}
    for record in records:
        if isinstance(record, AbsentRecord):
            reasons[record.subject] = record.reason
        else:
            ways.setdefault(record.way, []).append(record)
    ceiling = _scaling(_quiet(ways[control])) if control in ways else {}
    found = [replace(_estimate(way, own, ceiling), reason=reasons.get(way, "")) for way, own in ways.items()]
    absent = [ThreadsEstimate(way, "unavailable", why) for way, why in reasons.items() if way not in ways]
    return found + absent


def _quiet(processes: Sequence[ThreadsRecord]) -> Sequence[ThreadsRecord]:
    """Those that others did not disturb, all where most were disturbed; what a process measured is not looked at."""
    quiet = [one for one in processes if one.others_cpus <= BUSY_CPUS]
    return quiet if 2 * len(quiet) >= len(processes) else processes


def _estimate(way: str, processes: Sequence[ThreadsRecord], ceiling: Mapping[int, Interval]) -> ThreadsEstimate:
    kept = _quiet(processes)
    disturbed = sum(one.others_cpus > BUSY_CPUS for one in processes)
    call_ns = median(1 / _alone(one) for one in kept)
    scaling = _scaling(kept)
    names = dict.fromkeys(name for one in kept for name in one.waits)
    lateness = {
        name: lateness_of([late for one in kept if name in one.waits for late in one.waits[name].late_ns])
        for name in names
    }
    verdict = verdict_of(scaling, ceiling, lateness["thread"].p50, call_ns)
    if 2 * disturbed > len(processes) and verdict != "stalls":
        verdict = "unresolved"
    return ThreadsEstimate(way, "ok", "", kept[0].kernel, len(kept), call_ns, scaling, lateness, verdict, disturbed)


def _alone(one: ThreadsRecord) -> float:
    """Calls per nanosecond of a single thread; the reciprocal is the length of a call that follows others."""
    return next(t.calls_per_ns for t in one.throughputs if t.threads == 1)


def _scaling(processes: Sequence[ThreadsRecord]) -> dict[int, Interval]:
    ratios: dict[int, list[float]] = {}
    for one in processes:
        alone = _alone(one)
        for several in one.throughputs:
            if several.threads > 1:
                ratios.setdefault(several.threads, []).append(several.calls_per_ns / alone)
    return {threads: median_interval(values) for threads, values in ratios.items()}


def lateness_of(late_ns: Sequence[int]) -> Lateness:
    """Percentiles by nearest rank."""
    ordered = sorted(late_ns)
    p99 = ordered[math.ceil(0.99 * len(ordered)) - 1] if len(ordered) >= 100 else None
    return Lateness(ordered[math.ceil(0.5 * len(ordered)) - 1], p99, ordered[-1], len(ordered))


def verdict_of(
    scaling: Mapping[int, Interval], ceiling: Mapping[int, Interval], thread_p50_ns: float, call_ns: float
) -> Verdict:
    """One word: "stalls" where another thread waits for the call's end, "scales" where two threads do more than one."""
    if thread_p50_ns >= STALL_SHARE * call_ns:
        return "stalls"
    two = scaling.get(2)
    possible = max(ceiling[2].point - 1, 0.0) if 2 in ceiling else 1.0
    if two is not None and possible >= MIN_GAIN and two.point - 1 >= GAIN_SHARE * possible:
        return "scales"
    return "takes turns"
