"""Single launches on an idle device, with the times that host and device read for them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Stamps:
    """One launch after the other, each on an idle device.

    The host asked at `asked_ns[i]` (counted from the sample's `host_origin_ns`); the launch call returned
    `returned_ns[i]` after that, and the host saw the kernel's flag `seen_ns[i]` after it. The kernel read
    `started_ns[i]` from the device's clock (counted from `device_origin_ns`) as its first act.
    """

    asked_ns: list[int]
    returned_ns: list[int]
    seen_ns: list[int]
    started_ns: list[int]


@dataclass(frozen=True, slots=True)
class Pings:
    """Rounds between host and a kernel that runs: the device read `device_ns[i]` between the host's two times."""

    asked_ns: list[int]
    answered_ns: list[int]
    device_ns: list[int]


@dataclass(frozen=True, slots=True)
class Returns:
    """What an action did while a kernel of `busy_ns` ran on its stream: when it returned, and was the kernel over?

    `was_done` is what the stream said when it was asked after the return, however long that took.
    """

    busy_ns: int
    returned_ns: list[int]
    was_done: list[bool]


@dataclass(frozen=True, slots=True)
class GraphTimes:
    """A graph of so many dependent launches, and the same launches by the C loop.

    `held_ns` is one launch of the graph on the host with the stream held back; `replay_ns` a launch and the wait for
    it, each on new input data, and `loop_ns` the same for the loop. `update_ns` is the change of a scalar (captured
    anew, and taken over by the executable graph), `recapture_ns` a changed shape (captured and instantiated anew).
    `wrong` counts replays that did not give what the oracle says.
    """

    nodes: int
    capture_ns: list[int]
    instantiate_ns: list[int]
    held_ns: list[int]
    replay_ns: list[int]
    loop_ns: list[int]
    update_ns: list[int]
    recapture_ns: list[int]
    wrong: int


@dataclass(frozen=True, slots=True)
class Copies:
    """Copies of so many bytes: until the call returned, and until the copy was over."""

    nbytes: int
    returned_ns: list[int]
    done_ns: list[int]


@dataclass(frozen=True, slots=True)
class Durations:
    """So many launches of a kernel that runs for `duration_ns`, by path, all of them together.

    `each_ns`: waited for one by one; `row_ns`: with one wait at the end; `graph_ns`: replayed from a graph.
    """

    duration_ns: int
    launches: int
    each_ns: dict[str, list[int]]
    row_ns: dict[str, list[int]]
    graph_ns: list[int]


@dataclass(frozen=True, slots=True)
class DeviceSample:
    """What one process saw of its device.

    `stamps` are by rung and variant ("cuda_ctypes.runtime"); "c" is the C launcher, where no binding takes part.
    `pings` were made before and after all of them. `facts` name the device, its driver and the packages that reach it.
    `ticks_ns` is recorded no longer: steps between unequal readings of the device's clock.

    `returns` are by action; `copies` by memory, call and direction ("pinned async to device"), for each number of
    bytes; `overlap_ns` holds a copy and a kernel alone, and both at once on two streams.
    """

    host_origin_ns: int
    device_origin_ns: int
    stamps: dict[str, Stamps] = field(default_factory=dict)
    pings: list[Pings] = field(default_factory=list)
    ticks_ns: list[int] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)
    returns: dict[str, Returns] = field(default_factory=dict)
    graphs: list[GraphTimes] = field(default_factory=list)
    durations: list[Durations] = field(default_factory=list)
    copies: dict[str, list[Copies]] = field(default_factory=dict)
    overlap_ns: dict[str, list[int]] = field(default_factory=dict)
