"""Waits for a device: CPU time per second of waiting, and how late another thread wakes, over a run's processes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from statistics import median

from ffi_spectrum.analysis.threads import Lateness, lateness_of
from ffi_spectrum.results.device.sample import DeviceSample


@dataclass(frozen=True, slots=True)
class WaitRow:
    """One way to wait for kernels of `busy_ns`, in `waits` waits.

    `after_ns`: how long after launch and kernel the wait returned (median). `thread_cpus` and `process_cpus`: CPU
    seconds per second that the waiting thread, and the whole process, used. `late`: the other thread's.
    """

    way: str
    busy_ns: int
    waits: int
    is_apart: bool
    after_ns: float
    thread_cpus: float
    process_cpus: float
    late: Lateness


def wait_rows(samples: Iterable[DeviceSample]) -> Iterator[WaitRow]:
    """One row per way, in the order of the samples."""
    every = list(samples)
    for way in dict.fromkeys(name for sample in every for name in sample.waiting):
        found = [sample.waiting[way] for sample in every if way in sample.waiting]
        elapsed = [(ns, one.busy_ns) for one in found for ns in one.elapsed_ns]
        late = [ns for one in found for ns in one.late_ns]
        if not elapsed or not late:
            continue
        total = sum(ns for ns, _ in elapsed)
        yield WaitRow(
            way, found[0].busy_ns, len(elapsed), all(one.is_apart for one in found),
            after_ns=median(ns - busy for ns, busy in elapsed),
            thread_cpus=sum(ns for one in found for ns in one.thread_cpu_ns) / total,
            process_cpus=sum(ns for one in found for ns in one.process_cpu_ns) / total,
            late=lateness_of(late),
        )  # fmt: skip
