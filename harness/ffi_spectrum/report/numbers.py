"""Times, ratios, durations and sizes as text, with the digits that they deserve."""

from __future__ import annotations

import math
from dataclasses import dataclass

# Shown for a number that does not exist.
NOTHING = "-"
_UNITS = ((1e9, "s"), (1e6, "ms"), (1e3, "us"))
# Finer than this no interval is ever resolved, whatever its arithmetic says.
_MAX_DECIMALS = {"ns": 2, "us": 3, "ms": 3, "s": 3}


@dataclass(frozen=True, slots=True)
class Scale:
    """The unit and the number of decimals that a point shares with its interval."""

    divisor: float
    unit: str
    decimals: int

    def number(self, ns: float) -> str:
        """`ns` in this unit, without the unit; never "-0"."""
        return f"{round(ns / self.divisor, self.decimals) + 0.0:,.{self.decimals}f}"

    def time(self, ns: float) -> str:
        return f"{self.number(ns)} {self.unit}"


def scale_of(point: float, low: float | None = None, high: float | None = None) -> Scale:
    """The unit that gives `point` one to three digits before the decimal point, and decimals to match its interval.

    At least three significant digits, and more where the interval's larger half starts further right.
    """
    divisor, unit = next(((d, u) for d, u in _UNITS if abs(point) >= d * 0.9995), (1.0, "ns"))
    if point == 0 and high == low == 0:
        return Scale(divisor, unit, 0)
    half = half_width(point, low, high) / divisor
    decimals = 2 - _magnitude(point / divisor)
    if half > 0:
        decimals = max(decimals, -_magnitude(half))
    return Scale(divisor, unit, min(max(decimals, 0), _MAX_DECIMALS[unit]))


def _magnitude(value: float) -> int:
    """The power of ten of the first significant digit; 0 for 0."""
    return math.floor(math.log10(abs(value))) if value else 0


def half_width(point: float, low: float | None, high: float | None) -> float:
    """The larger of an interval's two halves, 0 where there is no interval."""
    return 0.0 if low is None or high is None else max(high - point, point - low)


def ratio(value: float | None) -> str:
    """Three significant digits: 0.98, 12.3, 4,560."""
    if value is None:
        return NOTHING
    decimals = 2 - _magnitude(value)
    rounded = round(value, decimals) + 0.0
    return f"{rounded:,.{min(max(decimals, 0), 2)}f}"


def duration(seconds: float) -> str:
    """42 s, 3 min 05 s, 1 h 02 min; halves of a second are rounded up, also where arithmetic left a little less."""
    whole = max(0, math.floor(seconds + 0.5 + 1e-6))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def time_span(least_s: float, most_s: float) -> str:
    """A prediction: "about 42 s", "about 3 min 05 s, at most 13 min 10 s"."""
    least, most = duration(least_s), duration(most_s)
    return f"about {least}" if most_s <= least_s else f"about {least}, at most {most}"


def nbytes(count: int) -> str:
    """Bytes below 10 kB, then kB and MB of 1000."""
    if count < 10_000:
        return f"{count:,} B"
    return f"{count / 1e3:,.1f} kB" if count < 1_000_000 else f"{count / 1e6:,.1f} MB"
