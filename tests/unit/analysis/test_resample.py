"""Resampled numbers: what was measured together is drawn together, what was not is not."""

from __future__ import annotations

import math

import numpy as np
import pytest

from ffi_spectrum.analysis.resample import DRAWS, Sampled, sample_median, stack

DRIFT = [float(value) for value in np.random.default_rng(5).normal(0, 10, 12)]
FIRST, SECOND = [100 + drift for drift in DRIFT], [130 + drift for drift in DRIFT]


def width(number: Sampled) -> float:
    return number.interval.high - number.interval.low


def test_a_difference_within_a_panel_is_free_of_what_its_processes_share() -> None:
    together = sample_median(SECOND, 1) - sample_median(FIRST, 1)
    apart = sample_median(SECOND, 2) - sample_median(FIRST, 1)
    assert together.point == apart.point == pytest.approx(30)
    assert width(together) == pytest.approx(0, abs=1e-9)
    assert width(apart) > width(sample_median(FIRST, 1)) > 1


def test_the_interval_is_about_that_of_the_median() -> None:
    """The standard error of a median of n normal values is about 1.2533 sd / sqrt(n)."""
    values = np.random.default_rng(0).normal(100, 1, 400)
    number = sample_median([float(value) for value in values], 0)
    assert number.point == np.median(values)
    assert width(number) == pytest.approx(2 * 1.96 * 1.2533 / 20, rel=0.25)
    assert number.draws.shape == (DRAWS,)


def test_one_process_has_no_spread() -> None:
    assert sample_median([7.0], 0).interval.half_width == 0


def test_points_and_draws_go_together() -> None:
    first, second = sample_median(FIRST, 1), sample_median(SECOND, 2)
    difference = first - second
    assert difference.point == first.point - second.point
    np.testing.assert_array_equal(difference.draws, first.draws - second.draws)
    points, draws = stack([first, second])
    assert list(points) == [first.point, second.point]
    assert draws.shape == (DRAWS, 2)


def test_an_interval_holds_its_point_and_bears_infinities() -> None:
    assert Sampled(5.0, np.ones(DRAWS)).interval.high == 5.0
    assert Sampled(0.5, np.ones(DRAWS)).interval.low == 0.5
    draws = np.where(np.arange(DRAWS) % 4 == 0, math.inf, 1.0)
    assert Sampled(1.0, draws).interval.high == math.inf
