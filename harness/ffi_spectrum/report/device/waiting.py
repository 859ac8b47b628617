"""A table of waits for a device: what they burn, and what another thread of the same process notices."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ffi_spectrum.analysis.device.waiting import WaitRow
from ffi_spectrum.report.numbers import NOTHING, scale_of
from ffi_spectrum.report.remote import Sheet

COLUMNS = ("wait", "after the kernel", "CPUs, waiter", "CPUs, process", "p50", "p99", "max", "sleeps")
LEGEND = (
    "after the kernel: from the kernel's length until the wait returned, the launch included. CPUs: CPU seconds per "
    "second of waiting, of the waiting thread and of the whole process. p50, p99, max: how much later than asked for "
    "another Python thread wakes from sleeps of 1 ms meanwhile. ctypes.CDLL releases the GIL, ctypes.PyDLL keeps it; "
    "CuPy keeps it while it polls (stream.done), and gives it up every 5 ms. blocking: an event made with "
    "CU_EVENT_BLOCKING_SYNC. the context spins, yields, blocks: CU_CTX_SCHED_* set by cuCtxSetFlags.",
)


def waiting_sheets(rows: Sequence[WaitRow]) -> Iterator[Sheet]:
    """One table, none without rows."""
    if not rows:
        return
    where = "on a CPU of its own" if all(row.is_apart for row in rows) else "on the same CPU"
    title = f"Waiting for a kernel of {_time(rows[0].busy_ns)}: CPU time, and how late another thread {where} wakes"
    yield Sheet(title, COLUMNS, tuple(map(_row, rows)), 1)


def _row(row: WaitRow) -> tuple[str, ...]:
    late = (row.late.p50, row.late.p99, row.late.max)
    cpus = (f"{row.thread_cpus:.3f}", f"{row.process_cpus:.3f}")
    return (row.way, _time(row.after_ns), *cpus, *map(_time, late), f"{row.late.count:,}")


def _time(ns: float | None) -> str:
    return NOTHING if ns is None else scale_of(ns).time(ns)
