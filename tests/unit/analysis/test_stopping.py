"""Runs stop at scheduled looks, by precision alone, and the interval covers the median where they stop."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from itertools import islice
from statistics import NormalDist

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ffi_spectrum.analysis.interval import Interval, median_interval
from ffi_spectrum.analysis.stopping import Precision, is_look, looks, stop_at


def test_the_looks_are_the_protocols() -> None:
    assert list(islice(looks(), 7)) == [12, 20, 40, 80, 160, 320, 640]


def test_a_look_is_one_of_them() -> None:
    assert [n for n in range(1, 700) if is_look(n)] == [12, 20, 40, 80, 160, 320, 640]


@pytest.mark.parametrize(
    ("precision", "interval", "is_met"),
    [
        (Precision(0.5), Interval(100, 99.5, 100.5), True),
        (Precision(0.5), Interval(100, 99.4, 100.5), False),
        (Precision(0.5, 0.01), Interval(100, 99.0, 101.0), True),
        (Precision(0.5, 0.01), Interval(100, 98.9, 101.0), False),
        (Precision(0.5, 0.01), Interval(-100, -101.0, -99.0), True),
        (Precision(0.5, 0.01), Interval(10, 9.5, 10.5), True),
        (Precision(0.5, 0.01), Interval(0, -0.6, 0.6), False),
    ],
)
def test_precision_is_the_larger_of_both_bounds(precision: Precision, interval: Interval, is_met: bool) -> None:
    assert precision.is_met(interval) is is_met


def live(values: list[float], precision: Precision, cap: int) -> int:
    """Process by process, as a run goes: ask after each, look only where a look is scheduled."""
    for count in range(1, len(values) + 1):
        if count >= cap or (is_look(count) and precision.stops(values[:count])):
            return count
    return len(values)


@given(
    seed=st.integers(0, 2**32), count=st.integers(1, 200), cap=st.integers(1, 200),
    half_width_ns=st.sampled_from([0.0, 0.2, 0.4, 0.7, 1.0, 3.0]), fraction=st.sampled_from([0.0, 0.1]),
)  # fmt: skip
def test_a_replay_stops_where_the_run_would_have(
    seed: int, count: int, cap: int, half_width_ns: float, fraction: float
) -> None:
    rng = random.Random(seed)
    values = [rng.gauss(3, 1) for _ in range(count)]
    precision = Precision(half_width_ns, fraction)
    assert stop_at(values, precision, cap) == live(values, precision, cap)


def test_the_values_behind_the_stop_do_not_matter() -> None:
    rng = random.Random(3)
    values = [rng.gauss(0, 1) for _ in range(200)]
    stop = stop_at(values, Precision(0.5), 200)
    assert 12 < stop < 200
    assert stop_at(values[:stop] + [1e9] * (200 - stop), Precision(0.5), 200) == stop


def test_a_shift_does_not_change_where_a_run_stops() -> None:
    """The rule is about precision: how far apart two calls are has no say in it."""
    rng = random.Random(4)
    for _ in range(50):
        values = [rng.gauss(0, 1) for _ in range(160)]
        stops = {stop_at([value + shift for value in values], Precision(0.45), 160) for shift in (0.0, 1.0, 64.0)}
        assert len(stops) == 1


def normal(rng: random.Random) -> float:
    return rng.gauss(0, 1)


def skewed(rng: random.Random) -> float:
    return rng.lognormvariate(0, 1)


def bimodal(rng: random.Random) -> float:
    """Three processes in ten are 8 deviations slower."""
    return rng.gauss(0, 1) + (8 if rng.random() < 0.3 else 0)


@pytest.mark.parametrize(
    ("draw", "true_median", "half_width_ns"),
    [
        (normal, 0.0, 0.4),
        (normal, 0.0, 0.8),
        (skewed, 1.0, 0.45),
        (skewed, 1.0, 0.8),
        (bimodal, NormalDist().inv_cdf(0.5 / 0.7), 0.6),
        (bimodal, NormalDist().inv_cdf(0.5 / 0.7), 1.0),
    ],
)
def test_the_interval_covers_the_median_where_the_run_stops(
    draw: Callable[[random.Random], float], true_median: float, half_width_ns: float
) -> None:
    """Nominal 95 %; the target of the protocol, stopping rule included, is 93 to 97 %."""
    rng = random.Random(20260401)
    precision, replays, hits, stops = Precision(half_width_ns), 2000, 0, Counter[int]()
    for _ in range(replays):
        values = [draw(rng) for _ in range(80)]
        stop = stop_at(values, precision, 80)
        interval = median_interval(values[:stop])
        hits += interval.low <= true_median <= interval.high
        stops[stop] += 1
    assert set(stops) <= {12, 20, 40, 80}
    assert len(stops) >= 3, "the rule never had a choice"
    assert 0.93 <= hits / replays <= 0.97
