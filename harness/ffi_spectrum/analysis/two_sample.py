"""The difference of two independent medians: what two separate runs can say of each other."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist, median

from ffi_spectrum.analysis.interval import Interval, median_interval, order_rank

_NORMAL = NormalDist()


def difference_interval(left: Sequence[float], right: Sequence[float], confidence: float = 0.95) -> Interval:
    """The median of `left` minus the median of `right` and its interval, in the unit of the values; neither is empty.

    The ends are those of two one-sample order-statistic intervals, subtracted crosswise: [low - high, high - low]. Each
    has the smaller confidence at which both together reach `confidence` (Hettmansperger 1984, Applied Statistics 33,
    45-51): with widths w and v of the one-sample intervals the normal quantile shrinks by sqrt(w^2 + v^2) / (w + v), by
    1 / sqrt(2) where they spread alike and not at all where one side does not vary.

    Why not another: the point stays the difference of the medians that every table shows, and lies inside always. Of
    simulated pairs with equal medians (6 to 40 values a side) this one misses in 0.1 to 4.5 %. The standard error of
    Price and Bonett (2002) misses in 24 to 37 % where processes are bimodal, half and half; Mann-Whitney and
    Hodges-Lehmann estimate another quantity, and miss in 7 to 32 % where one side is skewed and the other is not.
    """
    tail = _NORMAL.cdf(_NORMAL.inv_cdf((1 - confidence) / 2) * _shrinkage(left, right))
    return _crosswise(sorted(left), sorted(right), tail)


def difference_p_value(left: Sequence[float], right: Sequence[float]) -> float:
    """Two-sided p-value of "the medians are equal": the smallest 1 - confidence whose interval leaves out zero."""
    a, b = sorted(left), sorted(right)
    smallest = max(_tail(len(a), 1), _tail(len(b), 1))  # below, one of the two has no interval
    # only at these does a rank change
    tails = {_tail(n, rank) for n in (len(a), len(b)) for rank in range(1, n // 2 + 1)}
    for tail in sorted(tail for tail in tails if tail >= smallest):
        interval = _crosswise(a, b, tail)
        if interval.low > 0 or interval.high < 0:
            return min(1.0, 2 * _NORMAL.cdf(_NORMAL.inv_cdf(tail) / _shrinkage(a, b)))
    return 1.0


def _tail(count: int, rank: int) -> float:
    """P(the median lies below the `rank`-th smallest of `count` values) = P(Binomial(count, 1/2) < rank)."""
    return sum(math.comb(count, k) for k in range(rank)) / (1 << count)


def _shrinkage(left: Sequence[float], right: Sequence[float]) -> float:
    w, v = (interval.high - interval.low for interval in (median_interval(left), median_interval(right)))
    return math.hypot(w, v) / (w + v) if w + v > 0 else math.sqrt(0.5)


def _crosswise(left: Sequence[float], right: Sequence[float], tail: float) -> Interval:
    """From ordered values; `tail` is the probability with which each one-sample interval may miss on either side."""
    confidence = 1 - 2 * tail * (1 + 1e-9)  # rounding must not keep a tail from its own rank
    i, j = order_rank(len(left), confidence), order_rank(len(right), confidence)
    return Interval(median(left) - median(right), left[i - 1] - right[-j], left[-i] - right[j - 1])
