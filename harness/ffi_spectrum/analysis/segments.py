"""Where a curve breaks: the least number of straight pieces that explain what was measured."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from ffi_spectrum.analysis.resample import Array

MAX_BREAKS = 3
# A line through fewer points is none.
MIN_POINTS = 2
# Sizes have peculiarities of a percent or two (alignment, the path that memcpy takes) which are no break.
TOLERANCE = 0.02
# Finer than this no time is known.
RESOLUTION_NS = 0.01
# A break costs its place and the two parameters of another line.
PARAMETERS_OF_LINE, PARAMETERS_OF_BREAK = 2, 3
# The sum of squared residuals, and the first point of each line.
Split: TypeAlias = tuple[float, tuple[int, ...]]


@dataclass(frozen=True, slots=True, eq=False)
class Segment:
    """The points `first` to `last`, both included, and the line through them.

    `to_ends`, shape (2, points), turns the points' times into the line's times at the two ends.
    """

    first: int
    last: int
    to_ends: Array


def deviations(times: Array, draws: Array) -> Array:
    """How far a time may be off its line, as a standard deviation: noise between processes, and what is no break."""
    import numpy as np

    peculiar = np.maximum(TOLERANCE * np.abs(times), RESOLUTION_NS)
    sigma: Array = np.hypot(draws.std(axis=0), peculiar)
    return sigma


def find_segments(x: Array, times: Array, sigma: Array) -> list[Segment]:
    """Split ascending points into at most MAX_BREAKS + 1 lines, as many as the Bayesian criterion asks for.

    Of all ways to split into so many lines the best has the least sum of squared residuals, each in units of its
    `sigma` (found exactly, by dynamic programming: Bellman 1961); of these the one with the least sum + parameters *
    ln n is taken (Schwarz 1978, the noise being known). Fewer than five points are one line.
    """
    count = len(x)
    misfits = {
        (first, last): _misfit(x, times, sigma, first, last)
        for last in range(MIN_POINTS - 1, count)
        for first in range(last - MIN_POINTS + 2)
    }
    found = _best_splits(misfits, count, min(MAX_BREAKS, max(count - 2, 0) // 3))
    _, firsts = min(
        (misfit + (PARAMETERS_OF_LINE + PARAMETERS_OF_BREAK * (len(firsts) - 1)) * math.log(count), firsts)
        for misfit, firsts in found
    )
    lasts = [*(first - 1 for first in firsts[1:]), count - 1]
    return [
        Segment(first, last, line_operator(x[first : last + 1], sigma[first : last + 1]))
        for first, last in zip(firsts, lasts, strict=True)
    ]


def _best_splits(misfits: Mapping[tuple[int, int], float], count: int, breaks: int) -> list[Split]:
    """The best split of all points for each number of breaks up to `breaks`."""
    best: dict[int, Split] = {last: (misfits[0, last], (0,)) for last in range(MIN_POINTS - 1, count)}
    found = [best[count - 1]]
    for _ in range(breaks):
        following: dict[int, Split] = {}
        for last in range(MIN_POINTS - 1, count):
            options = [
                (best[first - 1][0] + misfits[first, last], (*best[first - 1][1], first))
                for first in range(last - MIN_POINTS + 2)
                if first - 1 in best
            ]
            if options:
                following[last] = min(options)
        best = following
        if count - 1 in best:
            found.append(best[count - 1])
    return found


def line_operator(x: Array, sigma: Array) -> Array:
    """The matrix, shape (2, points), from times to those of the weighted least-squares line at the first and last x."""
    import numpy as np

    weights = sigma**-2 / np.sum(sigma**-2)
    middle = float(weights @ x)
    spread = float(weights @ (x - middle) ** 2)
    slope = weights * (x - middle) / spread if spread > 0 else np.zeros_like(x)
    ends = np.array([x[0], x[-1]]) - middle
    operator: Array = weights[None, :] + ends[:, None] * slope[None, :]
    return operator


def _misfit(x: Array, times: Array, sigma: Array, first: int, last: int) -> float:
    """The sum of squared residuals, in units of sigma, of the best line through the points first to last."""
    import numpy as np

    own = slice(first, last + 1)
    start, end = line_operator(x[own], sigma[own]) @ times[own]
    width = x[last] - x[first]
    line = start + (end - start) * ((x[own] - x[first]) / width if width > 0 else 0 * x[own])
    return float(np.sum(((times[own] - line) / sigma[own]) ** 2))
