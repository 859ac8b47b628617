"""The launch queue: under which kernel length it runs dry, and behind how many launches it is full."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from ffi_spectrum.results.device.queue import Fill, QueueSample, Rows
from ffi_spectrum.results.device.sample import DeviceSample

# The queue is dry while the device is idle for this much more of the time than with all launches queued before.
DRY_SHARE = 0.01
# A launch that took longer waited for the queue, and not for the processor.
WAITED_NS = 1_000_000
# Launches before the full queue, by their place.
EARLY, LATE = 128, 512


@dataclass(frozen=True, slots=True)
class Idle:
    """A row's launches: the kernel's own time `kernel_ns`, and the share of the time in which none of them ran.

    `queued_share` is that share where all were in the queue beforehand.
    """

    kernel_ns: float
    share: float
    queued_share: float


@dataclass(frozen=True, slots=True)
class DryPoint:
    """Of one path: `host_ns` per launch in a row, and the device's own gap between two queued kernels.

    `expected_ns` is the kernel length at which the two sides take the same time, host_ns - gap_ns; `found_ns` the one
    from which on the device idles by less than DRY_SHARE more than on a full queue, interpolated. None where it does so
    at none of the lengths.
    """

    path: str
    host_ns: float
    gap_ns: float
    idle: tuple[Idle, ...]
    found_ns: float | None

    @property
    def expected_ns(self) -> float:
        return max(self.host_ns - self.gap_ns, 0.0)


@dataclass(frozen=True, slots=True)
class FullPoint:
    """Of one path, launches behind a kernel that runs meanwhile; nanoseconds per launch.

    `launches` went before the one that had to wait for room, in `seen` of `processes` processes, for `waited_ns`
    (None where none waited). `early_ns` are the first launches, `late_ns` those just before the queue was full, and
    `beyond_ns` those behind the wait, which the device's pace dictates.
    """

    path: str
    processes: int
    seen: int
    launches: float | None
    waited_ns: float | None
    early_ns: float
    late_ns: float | None
    beyond_ns: float | None


@dataclass(frozen=True, slots=True)
class QueuePoints:
    """Both, by path; `wrong` counts rows and fills of which not all kernels ran."""

    dry: tuple[DryPoint, ...] = ()
    full: tuple[FullPoint, ...] = ()
    wrong: int = 0


def queue_points(samples: Sequence[DeviceSample]) -> QueuePoints:
    """Medians over all processes; empty where none looked at its queue."""
    found = [sample.queue for sample in samples if sample.queue is not None]
    return QueuePoints(tuple(_dry(found)), tuple(_full(found)), sum(one.wrong for one in found))


def _dry(samples: Sequence[QueueSample]) -> Iterator[DryPoint]:
    queued = _by_duration([rows for one in samples for rows in one.queued])
    for path in dict.fromkeys(name for one in samples for name in one.rows):
        every = [rows for one in samples for rows in one.rows.get(path, ())]
        idle = []
        for duration_ns, rows in _by_duration(every).items():
            if duration_ns in queued:
                share, full_share = _idle_share(rows), _idle_share(queued[duration_ns])
                idle.append(Idle(_own_ns(rows), share, full_share))
        host_ns = median(ns / rows.launches for rows in every for ns in rows.issued_ns)
        gap_ns = median(gap for rows in queued.values() for gap in _gaps(rows)) if queued else 0.0
        yield DryPoint(path, host_ns, gap_ns, tuple(idle), dry_below(idle))


def _by_duration(every: Sequence[Rows]) -> dict[int, list[Rows]]:
    return {
        duration_ns: [rows for rows in every if rows.duration_ns == duration_ns]
        for duration_ns in sorted({rows.duration_ns for rows in every})
    }


def _idle_share(every: Sequence[Rows]) -> float:
    return median(1 - busy / span for rows in every for busy, span in zip(rows.busy_ns, rows.span_ns, strict=True))


def _own_ns(every: Sequence[Rows]) -> float:
    return median(busy / rows.launches for rows in every for busy in rows.busy_ns)


def _gaps(every: Sequence[Rows]) -> Iterator[float]:
    for rows in every:
        for busy, span in zip(rows.busy_ns, rows.span_ns, strict=True):
            yield (span - busy) / (rows.launches - 1)


def dry_below(idle: Sequence[Idle]) -> float | None:
    """The kernel length from which on what is idle beyond a full queue stays under DRY_SHARE; `idle` by length."""
    beyond = [one.share - one.queued_share for one in idle]
    above = [i for i, share in enumerate(beyond) if share >= DRY_SHARE]
    if not idle or (above and above[-1] == len(idle) - 1):
        return None
    if not above:
        return idle[0].kernel_ns
    low, high = above[-1], above[-1] + 1
    part = (beyond[low] - DRY_SHARE) / (beyond[low] - beyond[high])
    return idle[low].kernel_ns + part * (idle[high].kernel_ns - idle[low].kernel_ns)


def _full(samples: Sequence[QueueSample]) -> Iterator[FullPoint]:
    for path in dict.fromkeys(name for one in samples for name in one.fills):
        fills = [one.fills[path] for one in samples if path in one.fills]
        waits = [wait for wait in map(first_wait, fills) if wait is not None]
        late = [ns for fill, wait in _waiting(fills) for ns in _bins(fill, max(wait - LATE, 0), wait)]
        beyond = [ns for fill, wait in _waiting(fills) for ns in _bins(fill, wait + fill.width, None)]
        yield FullPoint(
            path, len(fills), len(waits),
            median(place for place, _ in waits) if waits else None,
            median(ns for _, ns in waits) if waits else None,
            median(ns for fill in fills for ns in _bins(fill, 0, EARLY)),
            median(late) if late else None,
            median(beyond) if beyond else None,
        )  # fmt: skip


def _waiting(fills: Sequence[Fill]) -> Iterator[tuple[Fill, int]]:
    for fill in fills:
        wait = first_wait(fill)
        if wait is not None:
            yield fill, wait[0]


def first_wait(fill: Fill) -> tuple[int, int] | None:
    """Place and nanoseconds of the first launch that waited for room; None where the queue never was full."""
    return next(((place, ns) for place, ns in fill.slowest if ns >= WAITED_NS), None)


def _bins(fill: Fill, first: int, last: int | None) -> list[float]:
    """Nanoseconds per launch of the bins that lie wholly within these places."""
    begin, end = -(-first // fill.width), None if last is None else last // fill.width
    return [ns / fill.width for ns in fill.bins_ns[begin:end]]


def idle_at(point: DryPoint, lengths: Sequence[float]) -> Mapping[float, float | None]:
    """The idle share near each of these kernel lengths: of the row whose length is the nearest within a fifth."""
    found: dict[float, float | None] = {}
    for length in lengths:
        near = [one for one in point.idle if abs(one.kernel_ns - length) <= length / 5]
        found[length] = min(near, key=lambda one: abs(one.kernel_ns - length)).share if near else None
    return found
