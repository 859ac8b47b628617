"""Time over one axis (bytes, steps, arguments, operations) as a few straight lines, and when they may be read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from ffi_spectrum.analysis.resample import Sampled, stack
from ffi_spectrum.analysis.segments import Segment, deviations, find_segments

if TYPE_CHECKING:
    from ffi_spectrum.analysis.resample import Array

# Two points make a line, the third may contradict it.
MIN_SIZES = 3
# The fit is off where it misses a measured time by more than this fraction, than these nanoseconds, and than noise.
LACK_FRACTION, LACK_NS, LACK_DEVIATIONS = 0.05, 0.5, 4.0
# Where two lines disagree by more between the places that they were fitted to, the time jumps, and nobody knows where.
JUMP_FRACTION = 0.15


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """One straight piece between two measured places; `slope` is in ns per unit of the axis.

    One of two points may as well be a jump, and says nothing of what lies between them unless its neighbours agree.
    """

    low: float
    high: float
    points: int
    slope: Sampled


@dataclass(frozen=True, slots=True)
class Lack:
    """A measured place that the fit misses: by the fraction `error` of its time; processes differ by `noise`."""

    at: float
    error: float
    noise: float


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why the curve says nothing at some place."""

    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """Nanoseconds over `nodes`, straight between them: `values` has shape (nodes,), `draws` (DRAWS, nodes).

    `lines` are what was fitted, `jumps` the gaps in which they do not agree, `lacks` measured places that they miss,
    and `closed` the range around each of these. `worst` is the largest relative residual.
    """

    nodes: Array
    values: Array
    draws: Array
    lines: tuple[Line, ...]
    jumps: tuple[tuple[float, float], ...]
    lacks: tuple[Lack, ...]
    closed: tuple[tuple[float, float], ...]
    worst: float

    @property
    def low(self) -> float:
        return float(self.nodes[0])

    @property
    def high(self) -> float:
        return float(self.nodes[-1])

    def read(self, x: float) -> Sampled:
        """The time at `x`, which must lie within the measured range; see `predict`."""
        import numpy as np

        values, draws = self.read_all(np.array([x]))
        return Sampled(float(values[0]), draws[:, 0])

    def read_all(self, x: Array) -> tuple[Array, Array]:
        """The times at every place of `x` within the measured range: shapes (n,) and (DRAWS, n)."""
        import numpy as np

        ahead = np.clip(np.searchsorted(self.nodes, x), 1, len(self.nodes) - 1)
        left, right = self.nodes[ahead - 1], self.nodes[ahead]
        share = (x - left) / (right - left)
        return (
            self.values[ahead - 1] * (1 - share) + self.values[ahead] * share,
            self.draws[:, ahead - 1] * (1 - share) + self.draws[:, ahead] * share,
        )

    def predict(self, x: float) -> Sampled | Refusal:
        """The time at `x`, or why none is given: nothing is extrapolated, and nothing read where the fit is off."""
        if not self.low <= x <= self.high:
            return Refusal(f"{x:,.6g} is outside of what was measured, {self.low:,.6g} to {self.high:,.6g}")
        for low, high in self.jumps:
            if low < x < high:
                return Refusal(f"the time jumps somewhere between {low:,.6g} and {high:,.6g}: measure in between")
        for (low, high), lack in zip(self.closed, self.lacks, strict=True):
            if low < x < high:
                return Refusal(
                    f"lack of fit: at {lack.at:,.6g} the lines are {lack.error:.0%} off, and processes differ by "
                    f"{lack.noise:.1%}"
                )
        return self.read(x)


def fit_curve(points: Mapping[float, Sampled]) -> Curve | None:
    """Fit the times measured at each place; None where they are fewer than MIN_SIZES.

    Residuals count relative to the time, so that a nanosecond call and a millisecond call weigh the same.
    """
    import numpy as np

    if len(points) < MIN_SIZES:
        return None
    x = np.array(sorted(points), np.float64)
    times, draws = stack([points[place] for place in sorted(points)])
    lines = [
        _Fitted.of(x, np.vstack([times, draws]), segment)
        for segment in find_segments(x, times, deviations(times, draws))
    ]
    nodes, table, jumps = _join(lines)
    lacks = _lacks(x, times, draws.std(axis=0), np.interp(x, nodes, table[0]))
    sizes = [float(place) for place in x]
    return Curve(
        nodes=nodes, values=table[0], draws=table[1:],
        lines=tuple(line.public() for line in lines), jumps=(*jumps, *_doubtful(lines)), lacks=tuple(lacks),
        closed=tuple(_around(sizes, lack.at) for lack in lacks),
        worst=float(np.max(np.abs(np.interp(x, nodes, table[0]) / times - 1))),
    )  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class _Fitted:
    """A line by its two ends; `start`, `end` and `slope` have the value first and then its draws."""

    low: float
    high: float
    points: int
    start: Array
    end: Array

    @classmethod
    def of(cls, x: Array, rows: Array, segment: Segment) -> _Fitted:
        own = slice(segment.first, segment.last + 1)
        start, end = segment.to_ends @ rows[:, own].T
        return cls(float(x[segment.first]), float(x[segment.last]), segment.last - segment.first + 1, start, end)

    @property
    def slope(self) -> Array:
        return (self.end - self.start) / (self.high - self.low)

    def at(self, x: float) -> Array:
        return self.start + self.slope * (x - self.low)

    def public(self) -> Line:
        return Line(self.low, self.high, self.points, Sampled(float(self.slope[0]), self.slope[1:]))


def _lacks(x: Array, times: Array, noise: Array, fitted: Array) -> list[Lack]:
    import numpy as np

    residuals = np.abs(fitted - times)
    is_off = (residuals > LACK_FRACTION * np.abs(times)) & (residuals > np.maximum(LACK_NS, LACK_DEVIATIONS * noise))
    shares = (residuals / np.abs(times), noise / np.abs(times))
    return [Lack(float(x[i]), float(shares[0][i]), float(shares[1][i])) for i in np.flatnonzero(is_off)]


def _around(places: list[float], at: float) -> tuple[float, float]:
    """The measured places before and after one of them."""
    index = places.index(at)
    return places[max(index - 1, 0)], places[min(index + 1, len(places) - 1)]


def _join(lines: Sequence[_Fitted]) -> tuple[Array, Array, list[tuple[float, float]]]:
    """The lines put end to end: nodes, a column of values and draws for each, and the gaps in which they do not meet.

    Two lines that cross between the last point of the one and the first of the other are followed up to there, if both
    are supported by three points: through two points there is a line whatever lies between.
    """
    import numpy as np

    nodes, columns, jumps = [lines[0].low, lines[0].high], [lines[0].start, lines[0].end], []
    for left, right in pairwise(lines):
        at_left, at_right = (float((left.at(x) - right.at(x))[0]) for x in (left.high, right.low))
        if at_left * at_right < 0 and min(left.points, right.points) >= MIN_SIZES:
            crossing = left.high + (right.low - left.high) * at_left / (at_left - at_right)
            nodes.append(crossing)
            columns.append((left.at(crossing) + right.at(crossing)) / 2)
        elif max(abs(at_left), abs(at_right)) > JUMP_FRACTION * min(abs(left.end[0]), abs(right.start[0])):
            jumps.append((left.high, right.low))
        nodes += [right.low, right.high]
        columns += [right.start, right.end]
    return np.array(nodes), np.stack(columns, axis=1), jumps


def _doubtful(lines: Sequence[_Fitted]) -> list[tuple[float, float]]:
    """The lines of two points that disagree with a neighbour's in their middle."""
    found = []
    for index, line in enumerate(lines):
        middle = (line.low + line.high) / 2
        neighbours = [lines[k] for k in (index - 1, index + 1) if 0 <= k < len(lines)]
        own = float(line.at(middle)[0])
        is_alone = all(abs(float(other.at(middle)[0]) - own) > JUMP_FRACTION * abs(own) for other in neighbours)
        if line.points == 2 and neighbours and is_alone:
            found.append((line.low, line.high))
    return found
