"""The device's clock on the host's time line, from rounds of question and answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from ffi_spectrum.results.device.stamps import Pings

# Of each series, the quickest share of the rounds: what disturbed a round made it slower.
SHARE = 4


@dataclass(frozen=True, slots=True)
class Timeline:
    """host = device + offset + drift * device; `error_ns` bounds how far that may be off: half the slowest round used.

    The device read its clock somewhere between question and answer, and nothing says where: the middle is taken.
    """

    offset_ns: float
    drift: float
    error_ns: float

    def host_ns(self, device_ns: float) -> float:
        """When the host's clock stood at what the device's clock showed as `device_ns`."""
        return device_ns + self.offset_ns + self.drift * device_ns


def timeline(series: Sequence[Pings]) -> Timeline:
    """Through the medians of the quickest rounds of the first and the last of `series` (not empty)."""
    points = [_point(pings) for pings in series]
    (first_at, first, _), (last_at, last, _) = points[0], points[-1]
    drift = (last - first) / (last_at - first_at) if last_at > first_at else 0.0
    return Timeline(first - drift * first_at, drift, max(error for _, _, error in points))


def _point(pings: Pings) -> tuple[float, float, float]:
    """Device time, offset of the host's clock there, and half of the slowest of the rounds that say so."""
    rounds = sorted(
        (answered - asked, (answered + asked) / 2 - device, device)
        for asked, answered, device in zip(pings.asked_ns, pings.answered_ns, pings.device_ns, strict=True)
    )
    quickest = rounds[: max(1, len(rounds) // SHARE)]
    trips, offsets, devices = zip(*quickest, strict=True)
    return median(devices), median(offsets), trips[-1] / 2
