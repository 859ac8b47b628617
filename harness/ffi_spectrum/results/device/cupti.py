"""Launches timed by other methods than the stamps: by CUPTI, by the wait for a stream, by draining a full queue."""

from __future__ import annotations

from dataclasses import dataclass, field

from ffi_spectrum.results.device.stamps import Pings, Stamps


@dataclass(frozen=True, slots=True)
class Drain:
    """So many launches of an empty kernel, queued behind a held stream: how long the device took for them.

    `elapsed_ns` is between two events of the device, one before and one behind the launches: no host takes part.
    """

    launches: int
    elapsed_ns: list[int]


@dataclass(frozen=True, slots=True)
class SynchronisedLaunches:
    """Single launches from C on an idle device, and cuStreamSynchronize in place of the kernel's flag.

    The launch call returned `returned_ns[i]`, and the wait `done_ns[i]` after the launch was asked for.
    """

    returned_ns: list[int]
    done_ns: list[int]


@dataclass(frozen=True, slots=True)
class CuptiSample:
    """Launches on an idle device that CUPTI recorded, in a process of its own; or the `reason` why there are none.

    CUPTI's times are counted from `origin_ns` of its clock: start and end of the driver's call, when the launch was
    queued in the command buffer and when that was submitted (None where CUPTI has no time for it), and start and end
    of the kernel. `stamps` are the C launcher's of the same launches, in the same order, and `pings` those between host
    and device around them. `clock` has readings of CUPTI's clock, each between two of the host's, before and after.
    """

    reason: str = ""
    version: str = ""
    origin_ns: int = 0
    api_start_ns: list[int] = field(default_factory=list)
    api_end_ns: list[int] = field(default_factory=list)
    queued_ns: list[int | None] = field(default_factory=list)
    submitted_ns: list[int | None] = field(default_factory=list)
    started_ns: list[int] = field(default_factory=list)
    ended_ns: list[int] = field(default_factory=list)
    stamps: Stamps | None = None
    pings: list[Pings] = field(default_factory=list)
    clock: list[Pings] = field(default_factory=list)
