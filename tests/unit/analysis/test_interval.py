"""The order-statistic interval of the median, against published ranks and simulated coverage."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ffi_spectrum.analysis.interval import median_interval, order_rank

# Conover 1999, table A3 (p = 0.5): ranks of the 95 % interval of a median.
RANKS = {6: 1, 8: 1, 9: 2, 10: 2, 12: 3, 15: 4, 17: 5, 20: 6, 25: 8, 30: 10, 40: 14, 50: 18, 80: 31}


@pytest.mark.parametrize(("count", "rank"), RANKS.items())
def test_ranks_are_the_published_ones(count: int, rank: int) -> None:
    assert order_rank(count, 0.95) == rank


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=60))
def test_the_point_lies_inside(values: list[float]) -> None:
    interval = median_interval(values)
    assert interval.low <= interval.point <= interval.high


def test_a_skewed_distribution_is_covered() -> None:
    rng = random.Random(20260101)
    true_median = 2**0.5
    hits = 0
    for _ in range(2000):
        interval = median_interval([1 / rng.random() ** 0.5 for _ in range(12)])
        hits += interval.low <= true_median <= interval.high
    # exact coverage for n = 12 and rank 3: 1 - 2 * P(Binomial(12, 1/2) < 3) = 96.1 %; four standard errors are 1.7 %
    assert 0.944 < hits / 2000 < 0.978


def test_few_values_span_their_range() -> None:
    interval = median_interval([3.0, 1.0, 2.0])
    assert (interval.low, interval.point, interval.high) == (1.0, 2.0, 3.0)
