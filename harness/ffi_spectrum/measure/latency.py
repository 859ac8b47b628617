"""Single calls timed one by one, and the CPU time that both sides spend on them."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from typing import Any

from ffi_spectrum.measure.compiled import compile_function
from ffi_spectrum.measure.loop import EMPTY
from ffi_spectrum.measure.subject import Mark, Subject, Subjects
from ffi_spectrum.measure.timing import Item
from ffi_spectrum.results.latency import Latency, count_bins
from ffi_spectrum.rungs.base import BoundCall

MIN_CALLS, MAX_CALLS = 20, 20_000
# The key of the latency of nothing: what a reading of the clock costs.
EMPTY_KEY = "empty"


def sample_latencies(subjects: Subjects, items: Mapping[str, Item], budget_ns: int, mark: Mark) -> dict[str, Latency]:
    """Latencies of every case whose far side is another process and that is called one by one, by case id.

    Each takes about `budget_ns`; `items` say how long a call takes. Empty where no case is of this kind.
    """
    remote = [s for s in subjects.near if s.rung.worker_pid() is not None and s.case.strategy == "per_call"]
    found: dict[str, Latency] = {}
    for subject in remote:
        mark(subject.index)
        found[subject.case.id] = _sample(subject, items[subject.case.id], budget_ns)
    if found:
        found[EMPTY_KEY] = time_calls(EMPTY, MAX_CALLS, lambda: (time.process_time_ns(), None))
    return found


def _sample(subject: Subject, item: Item, budget_ns: int) -> Latency:
    call_ns = max(min(item.elapsed_ns) / item.iterations, 1.0)
    calls = int(min(max(budget_ns / call_ns, MIN_CALLS), MAX_CALLS))
    worker = subject.rung.worker_pid()

    def cpu_ns() -> tuple[int, int | None]:
        return time.process_time_ns(), None if worker is None else process_cpu_ns(worker)

    return time_calls(subject.bound, calls, cpu_ns)


def time_calls(bound: BoundCall, calls: int, cpu_ns: Callable[[], tuple[int, int | None]]) -> Latency:
    """Make the call `calls` times and read the clock before and after each."""
    body = [
        *bound.setup,
        "_cpu = _cpu_ns()",
        "_begin = _clock()",
        "for _turn in range(_times):",
        "    _start = _clock()",
        *(f"    {line}" for line in (*bound.before, bound.call or "pass", *bound.after)),
        "    _append(_clock() - _start)",
        "_elapsed = _clock() - _begin",
        "_cpu = (_cpu, _cpu_ns())",
        *bound.teardown,
        "return _elapsed, _cpu",
    ]
    each: list[int] = []
    timed: Callable[..., Any] = compile_function(body, ("_times", "_clock", "_append", "_cpu_ns", *bound.names))
    elapsed_ns, (before, after) = timed(calls, time.perf_counter_ns, each.append, cpu_ns, *bound.names.values())
    worker_ns = None if before[1] is None or after[1] is None else after[1] - before[1]
    return Latency(calls, count_bins(each), elapsed_ns, after[0] - before[0], worker_ns)


def process_cpu_ns(pid: int) -> int | None:
    """CPU time that a process has used, None where it is gone or the system does not say.

    Its clock's id is made as clock_getcpuclockid(3) does on Linux: the bits of ~pid, then CPUCLOCK_SCHED (2).
    """
    if os.name != "posix":
        return None
    try:
        return time.clock_gettime_ns((~pid << 3) | 2)
    except OSError:
        return None
