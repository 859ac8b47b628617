"""From where on another way is cheaper: crossings of two curves, and of two ways to put calls into crossings."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

from ffi_spectrum.analysis.difference import MARGIN_FRACTION, MARGIN_NS
from ffi_spectrum.analysis.interval import Interval
from ffi_spectrum.analysis.resample import Sampled

if TYPE_CHECKING:
    from ffi_spectrum.analysis.curve import Curve
    from ffi_spectrum.analysis.resample import Array

# "outside": not where it was measured, but the two come closer towards the end.
Verdict = Literal["always", "never", "equal", "somewhere", "outside", "unknown"]


@dataclass(frozen=True, slots=True)
class Range:
    """A stretch of the axis; None is an end of what was measured. `is_loose`: an end lies where a fit is off."""

    start: Interval | None = None
    end: Interval | None = None
    is_loose: bool = False


@dataclass(frozen=True, slots=True)
class Wins:
    """Where the other way is cheaper: `ranges` where the verdict is "somewhere"; all of it within what was measured."""

    verdict: Verdict
    ranges: tuple[Range, ...] = ()

    def mapped(self, change: Callable[[float], float]) -> Wins:
        """The same on another axis, on which `change` gives the place; it should increase, but for noise."""

        def moved(end: Interval | None) -> Interval | None:
            if end is None:
                return None
            point, *ends = map(change, (end.point, end.low, end.high))
            return Interval(point, min(point, *ends), max(point, *ends))

        return replace(self, ranges=tuple(Range(moved(r.start), moved(r.end), r.is_loose) for r in self.ranges))

    def to_json(self) -> dict[str, Any]:
        """The verdict, and the ranges as [point, low, high] or null for each end."""
        rows = [
            {"start": _numbers(range_.start), "end": _numbers(range_.end), "is_loose": range_.is_loose}
            for range_ in self.ranges
        ]
        return {"verdict": self.verdict, "ranges": rows}


def _numbers(interval: Interval | None) -> list[float] | None:
    return None if interval is None else [interval.point, interval.low, interval.high]


def where_cheaper(mine: Curve, other: Curve) -> Wins:
    """Where `other` takes less time than `mine`, by more than the margin and than noise explains."""
    import numpy as np

    x = _common_nodes(mine, other)
    if len(x) < 2:
        return Wins("unknown")
    (left, left_draws), (right, right_draws) = mine.read_all(x), other.read_all(x)
    margin = np.maximum(MARGIN_NS, MARGIN_FRACTION * np.minimum(np.abs(left), np.abs(right)))
    wins = where_positive(x, left - right, left_draws - right_draws, margin)
    return _with_doubts(wins, (mine, other))


def where_exceeds(curve: Curve, bound: Curve, factor: float) -> Wins:
    """Where `curve` is above `factor` times `bound`."""
    import numpy as np

    x = _common_nodes(curve, bound)
    if len(x) < 2:
        return Wins("unknown")
    (left, left_draws), (right, right_draws) = curve.read_all(x), bound.read_all(x)
    wins = where_positive(x, left - factor * right, left_draws - factor * right_draws, np.zeros_like(x))
    return _with_doubts(wins, (curve, bound))


def where_doubled(curve: Curve) -> Wins:
    """Where a time is at least twice that at the low end: with t = a + c * x, from a / c on (Hockney's n_1/2)."""
    import numpy as np

    values, draws = curve.values - 2 * curve.values[0], curve.draws - 2 * curve.draws[:, :1]
    return _with_doubts(where_positive(curve.nodes, values, draws, np.zeros_like(values)), (curve,))


def where_positive(x: Array, values: Array, draws: Array, margin: Array) -> Wins:
    """Where a function that is straight between the places `x` is above zero; `draws` has shape (DRAWS, places).

    A place counts where its 95 % interval excludes zero and its value exceeds the margin. A sign that changes between
    two such places does so at the last zero on the way up, or the first on the way down.
    """
    import numpy as np

    low, high = np.quantile(draws, [0.025, 0.975], axis=0)
    signs = np.where((low > 0) & (values > margin), 1, np.where((high < 0) & (values < -margin), -1, 0))
    decided = [int(k) for k in np.flatnonzero(signs)]
    if not decided:
        return Wins("equal")
    if all(signs[k] > 0 for k in decided):
        return Wins("always")
    if all(signs[k] < 0 for k in decided):
        return Wins("outside" if _is_closing(values, draws, margin) else "never")
    rows = np.vstack([values, draws])
    ranges, start = [], None
    for before, after in pairwise(decided):
        if signs[before] == signs[after]:
            continue
        own = slice(before, after + 1)
        zero = Sampled(*_split(_zeros(x[own], rows[:, own], is_rising=bool(signs[after] > 0)))).interval
        if signs[after] > 0:
            start = zero
        else:
            ranges.append(Range(start, zero))
    if signs[decided[-1]] > 0:
        ranges.append(Range(start, None))
    return Wins("somewhere", tuple(ranges))


def _split(zeros: Array) -> tuple[float, Array]:
    return float(zeros[0]), zeros[1:]


def _is_closing(values: Array, draws: Array, margin: Array) -> bool:
    """True where a negative function rises at the end: it may become positive beyond."""
    import numpy as np

    rise = draws[:, -1] - draws[:, -2]
    return bool(np.quantile(rise, 0.025) > 0 and values[-1] - values[-2] > margin[-1])


def _zeros(x: Array, rows: Array, is_rising: bool) -> Array:
    """Where each row of values at `x` has its last zero on the way up, or its first on the way down.

    A row without one is taken to have it at the nearer end: the first place if it is there already, else the last.
    """
    import numpy as np

    rows = rows if is_rising else -rows
    crosses = (rows[:, :-1] < 0) & (rows[:, 1:] >= 0)
    last = crosses.shape[1] - 1
    place = last - np.argmax(crosses[:, ::-1], axis=1) if is_rising else np.argmax(crosses, axis=1)
    every = np.arange(len(rows))
    below, above = rows[every, place], rows[every, place + 1]
    with np.errstate(invalid="ignore", divide="ignore"):
        found = x[place] + (x[place + 1] - x[place]) * below / (below - above)
    ends = np.where(rows[:, 0] >= 0, x[0], x[-1])
    zeros: Array = np.where(crosses.any(axis=1), found, ends)
    return zeros


def _common_nodes(left: Curve, right: Curve) -> Array:
    """The places at which either curve bends, within the range that both have, and its ends."""
    import numpy as np

    low, high = max(left.low, right.low), min(left.high, right.high)
    inside = [float(x) for curve in (left, right) for x in curve.nodes if low <= x <= high]
    return np.array(sorted({low, high, *inside})) if low < high else np.array([])


def _with_doubts(wins: Wins, curves: tuple[Curve, ...]) -> Wins:
    """The same, with an end that lies in a jump known no better than the jump, and marked where a fit is off there."""
    jumps = [jump for curve in curves for jump in curve.jumps]
    closed = [stretch for curve in curves for stretch in curve.closed]

    def widened(end: Interval | None) -> Interval | None:
        for low, high in jumps:
            if end is not None and low < end.point < high:
                end = Interval(end.point, min(end.low, low), max(end.high, high))
        return end

    def is_loose(range_: Range) -> bool:
        ends = [end.point for end in (range_.start, range_.end) if end is not None]
        return any(low < point < high for low, high in closed for point in ends)

    return Wins(wins.verdict, tuple(Range(widened(r.start), widened(r.end), is_loose(r)) for r in wins.ranges))


def calls_to_win(time: Sampled, boundary: Sampled, far: Sampled, most: int) -> Wins:
    """How many calls one crossing of the other way must hold to beat `time`, a call of its own for each.

    One call then takes boundary / N + far, so N = boundary / (time - far). That was measured up to `most` calls per
    crossing.
    """
    import numpy as np

    gain = time - far
    if gain.point <= 0:
        return Wins("never")
    with np.errstate(divide="ignore", invalid="ignore"):
        draws = np.where(gain.draws > 0, np.maximum(boundary.draws, 0.0) / gain.draws, math.inf)
    needed = Sampled(max(boundary.point, 0.0) / gain.point, draws).interval
    if needed.high <= 1:
        return Wins("always")
    if needed.point > most or math.isinf(needed.high):
        return Wins("outside")
    whole = [float(max(1, math.ceil(calls - 1e-9))) for calls in (needed.point, needed.low, needed.high)]
    return Wins("somewhere", (Range(Interval(*whole)),))
