"""What several threads get out of a rung, and what others wait for meanwhile."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
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
# Above this share of its time in the queue for a CPU, the control says of a busy machine and not of threads.
BUSY_SHARE = 0.1


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

    `waited_share` is how much of their time two threads were ready to run and had no CPU, the median over processes.
    `status` other than "ok" comes with a reason and without figures.
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
    waited_share: float = 0.0

    def to_json(self) -> dict[str, Any]:
        scaling = {str(n): [one.point, one.low, one.high] for n, one in (self.scaling or {}).items()}
        lateness = {
            name: {"p50_ns": one.p50, "p99_ns": one.p99, "max_ns": one.max, "count": one.count}
            for name, one in (self.lateness or {}).items()
        }
        return {
            "way": self.way, "status": self.status, "reason": self.reason, "kernel": self.kernel,
            "processes": self.processes, "call_ns": self.call_ns, "verdict": self.verdict, "scaling": scaling,
            "lateness": lateness, "waited_share": self.waited_share,
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
    ceiling = _scaling(ways[control]) if control in ways else {}
    is_busy = control in ways and _waited_share(ways[control]) > BUSY_SHARE
    found = [_estimate(way, processes, ceiling, is_busy) for way, processes in ways.items()]
    absent = [ThreadsEstimate(way, "unavailable", why) for way, why in reasons.items() if way not in ways]
    return found + absent


def _estimate(
    way: str, processes: Sequence[ThreadsRecord], ceiling: Mapping[int, Interval], is_busy: bool
) -> ThreadsEstimate:
    call_ns = median(one.call_ns for one in processes)
    scaling = _scaling(processes)
    names = dict.fromkeys(name for one in processes for name in one.waits)
    lateness = {
        name: _lateness([late for one in processes if name in one.waits for late in one.waits[name].late_ns])
        for name in names
    }
    verdict = verdict_of(scaling, ceiling, lateness["thread"].p50, call_ns)
    if is_busy and verdict != "stalls":
        verdict = "unresolved"
    return ThreadsEstimate(
        way, "ok", "", processes[0].kernel, len(processes), call_ns, scaling, lateness, verdict,
        _waited_share(processes),
    )  # fmt: skip


def _waited_share(processes: Sequence[ThreadsRecord]) -> float:
    return median(t.waited_share for one in processes for t in one.throughputs if t.threads == 2)


def _scaling(processes: Sequence[ThreadsRecord]) -> dict[int, Interval]:
    ratios: dict[int, list[float]] = {}
    for one in processes:
        alone = next(t.calls_per_ns for t in one.throughputs if t.threads == 1)
        for several in one.throughputs:
            if several.threads > 1:
                ratios.setdefault(several.threads, []).append(several.calls_per_ns / alone)
    return {threads: median_interval(values) for threads, values in ratios.items()}


def _lateness(late_ns: Sequence[int]) -> Lateness:
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
    if two is not None and possible > 0 and two.point - 1 >= GAIN_SHARE * possible:
        return "scales"
    return "takes turns"
