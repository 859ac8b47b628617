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
class DeviceSample:
    """What one process saw of its device.

    `stamps` are by rung and variant ("cuda_ctypes.runtime"); "c" is the C launcher, where no binding takes part.
    `pings` were made before and after all of them. `ticks_ns` are steps between unequal readings of the device's clock. `facts` name
    the device, its driver and the packages that reach it.
    """

    host_origin_ns: int
    device_origin_ns: int
    stamps: dict[str, Stamps] = field(default_factory=dict)
    pings: list[Pings] = field(default_factory=list)
    ticks_ns: list[int] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)
