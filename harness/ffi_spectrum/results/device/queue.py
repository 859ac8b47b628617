"""The launch queue of a stream: when it runs dry, and when it is full."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of `launches` launches of one kernel, each launched without waiting in between; one number per row.

    `issued_ns` is until the last launch had returned. By the device's clock `busy_ns` is the time within the kernels
    (the sum over all, each from its first to its last reading), and `span_ns` from the first one's start to the last
    one's end.
    """

    duration_ns: int
    launches: int
    issued_ns: list[int]
    busy_ns: list[int]
    span_ns: list[int]


@dataclass(frozen=True, slots=True)
class Fill:
    """Launches behind a kernel that runs for `busy_ns`, more than the queue holds.

    `bins_ns` are sums over `width` launches each, in order, every launch timed by itself. `slowest` are the longest of
    them as (place, counted from 0; nanoseconds), in order.
    """

    busy_ns: int
    width: int
    bins_ns: list[int]
    slowest: list[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class QueueSample:
    """By path: `rows` on an idle device, for several lengths of the kernel, and `fills`.

    `queued` are rows by the C loop that were all in the queue before the first of them could start: what is idle there
    is the device's own gap. `wrong` counts rows and fills after which not as many kernels had run as were launched.
    """

    rows: dict[str, list[Rows]] = field(default_factory=dict)
    queued: list[Rows] = field(default_factory=list)
    fills: dict[str, Fill] = field(default_factory=dict)
    wrong: int = 0
