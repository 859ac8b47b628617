"""The median and its order-statistic interval: one estimand at every number of processes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Interval:
    """A point and the interval around it, in the unit of the values."""

    point: float
    low: float
    high: float

    @property
    def half_width(self) -> float:
        return (self.high - self.low) / 2


def median_interval(values: Sequence[float], confidence: float = 0.95) -> Interval:
    """The median of `values` (not empty) and its distribution-free interval.

    The interval runs from the k-th smallest to the k-th largest value, k being the largest rank with
    P(Binomial(n, 1/2) < k) <= (1 - confidence) / 2 (Hoefler and Belli 2015, section 3.1.3); with fewer than six values
    no rank reaches 95 % and it spans all of them.
    """
    ordered = sorted(values)
    rank = order_rank(len(ordered), confidence)
    return Interval(median(ordered), ordered[rank - 1], ordered[-rank])


def order_rank(count: int, confidence: float) -> int:
    """The rank k of `median_interval`, at least 1."""
    tail, rank = 0.0, 0
    while rank < count // 2:
        tail += math.comb(count, rank) / 2**count
        if tail > (1 - confidence) / 2:
            break
        rank += 1
    return max(rank, 1)
