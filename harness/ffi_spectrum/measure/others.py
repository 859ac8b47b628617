"""How busy everybody else kept the machine's CPUs, so that a disturbed measurement can be told by its surroundings."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path

from ffi_spectrum.measure.instance import Instance
from ffi_spectrum.measure.latency import process_cpu_ns

# Of a line of /proc/stat: user, nice, system, irq, softirq, steal; see proc(5). The others are idle, or counted twice.
_BUSY = (1, 2, 3, 6, 7, 8)
_STAT = Path("/proc/stat")


class Others:
    """Starts counting when it is made; the workers of `instances` belong to us."""

    def __init__(self, instances: Sequence[Instance]) -> None:
        self._pids = [pid for one in instances if (pid := one.rung.worker_pid()) is not None]
        self._started = self._reading()

    def _reading(self) -> tuple[int | None, int, int]:
        own_ns = time.process_time_ns() + sum(process_cpu_ns(pid) or 0 for pid in self._pids)
        return busy_ns(), own_ns, time.perf_counter_ns()

    def cpus(self) -> float:
        """The CPUs that others used, on average since the start: 0.0 for none, or where the system does not say."""
        busy, own_ns, now_ns = self._reading()
        before, own_before_ns, started_ns = self._started
        if busy is None or before is None:
            return 0.0
        return max(0.0, (busy - before - (own_ns - own_before_ns)) / (now_ns - started_ns))


def busy_ns(stat: Path = _STAT) -> int | None:
    """What all CPUs together have worked since boot, in steps of mostly 10 ms; None where the system does not say."""
    try:
        words = stat.read_text().partition("\n")[0].split()
    except OSError:
        return None
    if words[:1] != ["cpu"] or len(words) <= max(_BUSY):
        return None
    return sum(int(words[place]) for place in _BUSY) * (10**9 // os.sysconf("SC_CLK_TCK"))
