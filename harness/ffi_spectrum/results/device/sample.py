"""Single launches on an idle device, with the times that host and device read for them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ffi_spectrum.results.device.chain import ChainSample
from ffi_spectrum.results.device.cupti import CuptiSample, Drain, SynchronisedLaunches
from ffi_spectrum.results.device.durations import Durations
from ffi_spectrum.results.device.graphs import GraphLaunches, GraphTimes
from ffi_spectrum.results.device.queue import QueueSample
from ffi_spectrum.results.device.stamps import Pings, Stamps
from ffi_spectrum.results.device.waiting import Waiting


@dataclass(frozen=True, slots=True)
class Returns:
    """What an action did while a kernel of `busy_ns` ran on its stream: when it returned, and was the kernel over?

    `was_done` is what the stream said when it was asked after the return, however long that took.
    """

    busy_ns: int
    returned_ns: list[int]
    was_done: list[bool]


@dataclass(frozen=True, slots=True)
class Copies:
    """Copies of so many bytes: until the call returned, and until the copy was over."""

    nbytes: int
    returned_ns: list[int]
    done_ns: list[int]


@dataclass(frozen=True, slots=True)
class DeviceSample:
    """What one process saw of its device.

    `stamps` are by rung and variant ("cuda_ctypes.runtime"); "c" is the C launcher, where no binding takes part.
    `pings` were made before and after all of them. `facts` name the device, its driver and the packages that reach it.
    `ticks_ns` is recorded no longer: steps between unequal readings of the device's clock.

    `returns` are by action; `copies` by memory, call and direction ("pinned async to device"), for each number of
    bytes; `overlap_ns` holds a copy and a kernel alone, and both at once on two streams. `queue` may be None.

    `drains`, `synchronised` and `cupti` are about single launches again, by other methods than the stamps; only the
    first process of a run has `cupti`, whose process is another one.

    `waiting` is by way to wait for a long kernel. `chain` holds dense layers in a row, and calls by where arrays are.
    """

    host_origin_ns: int
    device_origin_ns: int
    stamps: dict[str, Stamps] = field(default_factory=dict)
    pings: list[Pings] = field(default_factory=list)
    ticks_ns: list[int] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)
    returns: dict[str, Returns] = field(default_factory=dict)
    graphs: list[GraphTimes] = field(default_factory=list)
    graph_launches: list[GraphLaunches] = field(default_factory=list)
    durations: list[Durations] = field(default_factory=list)
    copies: dict[str, list[Copies]] = field(default_factory=dict)
    overlap_ns: dict[str, list[int]] = field(default_factory=dict)
    drains: list[Drain] = field(default_factory=list)
    synchronised: SynchronisedLaunches | None = None
    cupti: CuptiSample | None = None
    waiting: dict[str, Waiting] = field(default_factory=dict)
    chain: ChainSample = field(default_factory=ChainSample)
    queue: QueueSample | None = None
