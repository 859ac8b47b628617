"""The launch queue: from which kernel on it does not run dry, and behind how many launches it is full."""

from __future__ import annotations

from collections.abc import Iterator

from ffi_spectrum.analysis.device.queue import DRY_SHARE, EARLY, LATE, DryPoint, FullPoint, QueuePoints, idle_at
from ffi_spectrum.report.numbers import NOTHING, scale_of
from ffi_spectrum.report.remote import Sheet

# Kernel lengths whose idle share is shown.
SHOWN_NS = (1_000, 2_000, 3_000, 4_000, 5_000, 6_000, 8_000, 12_000, 24_000)
DRY = ("path", "host", "gap", "host - gap", "dry below", *(f"idle {ns // 1000} us" for ns in SHOWN_NS))
FULL = ("path", "full after", "waited", "seen", f"first {EARLY}", f"last {LATE}", "beyond")
LEGEND = (
    "dry: kernels so short that the device waits for the host between launches. host: per launch, in a row; gap: the "
    "device's own between two queued kernels; dry below: the kernel from which on the device is idle by less than "
    f"{DRY_SHARE:.0%} more than on a full queue; idle: share of the time from the first kernel's start to the last "
    "one's end in which none ran, by the device's clock.",
    "full: launches behind a kernel of 20 ms, each timed; full after so many launches: the next one waited, and then "
    f"each costs what the device takes (beyond). first {EARLY}, last {LATE}: per launch, before the queue is full.",
)


def queue_sheets(points: QueuePoints) -> Iterator[Sheet]:
    """Up to two tables."""
    wrong = f"; in {points.wrong} cases not all kernels ran" if points.wrong else ""
    if points.dry:
        yield Sheet(f"When the launch queue runs dry{wrong}", DRY, tuple(map(_dry, points.dry)), 1)
    if points.full:
        yield Sheet(f"When the launch queue is full{wrong}", FULL, tuple(map(_full, points.full)), 1)


def _dry(point: DryPoint) -> tuple[str, ...]:
    times = (point.host_ns, point.gap_ns, point.expected_ns, point.found_ns)
    shares = idle_at(point, SHOWN_NS).values()
    return (point.path, *map(_time, times), *(NOTHING if share is None else f"{share:.0%}" for share in shares))


def _full(point: FullPoint) -> tuple[str, ...]:
    launches = NOTHING if point.launches is None else f"{point.launches:,.0f}"
    seen = f"{point.seen} of {point.processes}"
    costs = (point.early_ns, point.late_ns, point.beyond_ns)
    return (point.path, launches, _time(point.waited_ns), seen, *map(_time, costs))


def _time(ns: float | None) -> str:
    return NOTHING if ns is None else scale_of(ns).time(ns)
