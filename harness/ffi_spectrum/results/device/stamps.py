"""Times that host and device read for the same launches, and for rounds between the two."""

from __future__ import annotations

from dataclasses import dataclass


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
