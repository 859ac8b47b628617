"""Numbers of the cost model as text: sampled times, bytes, and where something is cheaper."""

from __future__ import annotations

from collections.abc import Callable

from ffi_spectrum.analysis.break_even import Range, Wins
from ffi_spectrum.analysis.interval import Interval
from ffi_spectrum.analysis.resample import Sampled
from ffi_spectrum.report.numbers import NOTHING, half_width, ratio
from ffi_spectrum.report.rows import quantity

_WORDS = {"always": "always", "never": "never", "equal": "equal", "outside": "beyond", "unknown": NOTHING}
_BYTES = ((1e6, "MB"), (1e3, "kB"))

# An amount with half the width of its interval.
Text = Callable[[Interval], str]


def time(number: Sampled | None) -> str:
    """ "12.3 ±0.2 ns", or "-"."""
    return NOTHING if number is None else span_of_time(number.interval)


def span_of_time(interval: Interval) -> str:
    return quantity(interval.point, interval.low, interval.high).compact


def payload(interval: Interval) -> str:
    """ "8.34 ±0.25 kB": kB and MB of 1000 bytes."""
    divisor, unit = _byte_unit(interval.point)
    half = half_width(interval.point, interval.low, interval.high) / divisor
    spread = f" ±{ratio(half)}" if half else ""
    return f"{ratio(interval.point / divisor)}{spread} {unit}"


def nbytes(count: float) -> str:
    """ "16.4 kB", "8 B"."""
    divisor, unit = _byte_unit(count)
    return f"{count:,.0f} B" if divisor == 1 else f"{ratio(count / divisor)} {unit}"


def _byte_unit(count: float) -> tuple[float, str]:
    return next(((divisor, unit) for divisor, unit in _BYTES if count >= divisor * 0.9995), (1.0, "B"))


def calls(interval: Interval) -> str:
    """ "35", "35 ±2"."""
    half = half_width(interval.point, interval.low, interval.high)
    return f"{interval.point:,.0f} ±{half:,.0f}" if half else f"{interval.point:,.0f}"


def bandwidth(slope: Sampled) -> str:
    """Gigabytes per second of a slope in nanoseconds per byte; "-" for one that may be no slope at all."""
    interval = slope.interval
    if interval.low <= 0:
        return NOTHING
    half = half_width(1 / interval.point, 1 / interval.high, 1 / interval.low)
    return f"{ratio(1 / interval.point)} ±{ratio(half)}"


def cell(wins: Wins | None, text: Text) -> str:
    """A word, or the places: "≥8.34 kB" from there on, "≤2 kB" up to there; "?" where the fit is off there."""
    if wins is None:
        return NOTHING
    return ", ".join(_range(range_, text) for range_ in wins.ranges) or _WORDS[wins.verdict]


def _range(range_: Range, text: Text) -> str:
    mark = "?" if range_.is_loose else ""
    if range_.start is not None and range_.end is not None:
        ends = (Interval(end.point, end.point, end.point) for end in (range_.start, range_.end))
        return mark + " to ".join(map(text, ends))
    if range_.start is not None:
        return f"{mark}≥{text(range_.start)}"
    return f"{mark}≤{text(range_.end)}" if range_.end is not None else _WORDS["always"]
