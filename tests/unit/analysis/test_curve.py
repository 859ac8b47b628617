"""Curves find the lines that were put in, say where they are off, and nothing beyond what was measured."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from ffi_spectrum.analysis.curve import Curve, Refusal, fit_curve
from ffi_spectrum.analysis.resample import DRAWS, Sampled, sample_median
from ffi_spectrum.analysis.segments import MAX_BREAKS, find_segments

SIZES = [2**i for i in range(24)]
Law = Callable[[float], float]


def points(law: Law, places: list[int], noise: float = 0.003, seed: int = 1) -> dict[float, Sampled]:
    """Twelve processes a place, each off by its own relative error."""
    rng = np.random.default_rng(seed)
    return {x: sample_median([law(x) * (1 + noise * e) for e in rng.standard_normal(12)], x) for x in places}


def curve(law: Law, places: list[int] = SIZES, noise: float = 0.003, seed: int = 1) -> Curve:
    found = fit_curve(points(law, places, noise, seed))
    assert found is not None
    return found


def jump(x: float) -> float:
    """A cache: up to 32,768 all of it fits, beyond nothing does."""
    return 60 + (0.01 if x <= 32768 else 0.08) * x


def kink(x: float) -> float:
    """Two lines that meet at 3,000, between two of the places."""
    return 50 + 0.01 * x if x <= 3000 else 80 + 0.2 * (x - 3000)


def test_a_line_is_one_line_and_its_parameters_are_found() -> None:
    found = curve(lambda x: 60 + 0.05 * x)
    (line,) = found.lines
    assert (line.low, line.high, line.points) == (1, 2**23, 24)
    assert line.slope.interval.low <= 0.05 <= line.slope.interval.high
    assert line.slope.point == pytest.approx(0.05, rel=0.003)
    assert found.read(1).point == pytest.approx(60.05, rel=0.003)
    assert found.worst < 0.01
    assert (found.jumps, found.lacks) == ((), ())


def test_intervals_cover_what_is_true_and_little_else() -> None:
    """Of 200 runs the 95 % interval of the slope misses in a few."""
    places = SIZES[::2]
    slopes = [curve(lambda x: 60 + 0.05 * x, places, 0.01, seed).lines[0].slope.interval for seed in range(100, 300)]
    assert 184 <= sum(interval.low <= 0.05 <= interval.high for interval in slopes) <= 199


def test_a_jump_is_found_and_not_read_across() -> None:
    found = curve(jump)
    assert [(line.low, line.high) for line in found.lines] == [(1, 32768), (65536, 2**23)]
    for line, slope in zip(found.lines, (0.01, 0.08), strict=True):
        assert line.slope.interval.low <= slope <= line.slope.interval.high
    assert found.jumps == ((32768, 65536),)
    refusal = found.predict(40_000)
    assert isinstance(refusal, Refusal)
    assert refusal.reason == "the time jumps somewhere between 32,768 and 65,536: measure in between"
    assert isinstance(found.predict(32768), Sampled)


def test_lines_that_meet_between_two_places_are_followed_to_where_they_meet() -> None:
    found = curve(kink)
    assert found.jumps == ()
    bend = found.nodes[2]
    assert bend == pytest.approx(3000, rel=0.1)
    predicted = found.predict(3000)
    assert isinstance(predicted, Sampled)
    assert predicted.point == pytest.approx(80, rel=0.05)


def test_a_bend_needs_three_points_on_either_side() -> None:
    found = curve(kink, [1, 4, 16, 64, 256, 1024, 4096, 16384])
    assert [line.points for line in found.lines] == [6, 2]
    assert (1024, 4096) in found.jumps
    assert isinstance(found.predict(2500), Refusal)


def test_peculiarities_below_the_tolerance_are_no_break() -> None:
    found = curve(lambda x: 100.0 * (1.02 if x in (1024, 2048) else 1.0), noise=0.0005)
    assert len(found.lines) == 1
    assert found.lacks == ()


def test_more_breaks_than_allowed_are_a_lack_of_fit() -> None:
    """A staircase of six steps, each half as high again, is no four lines."""
    found = curve(lambda x: 100 * 1.5 ** min(int(np.log2(x)) // 4, 5), noise=0.001)
    assert len(found.lines) <= MAX_BREAKS + 1
    assert found.lacks
    lack = found.lacks[0]
    assert lack.error > 0.05
    assert lack.noise < 0.01
    refusal = found.predict(lack.at * 1.01)
    assert isinstance(refusal, Refusal)
    assert "lack of fit" in refusal.reason
    assert "jumps" in refusal.reason or f"at {lack.at:,.6g} the lines are {lack.error:.0%} off" in refusal.reason


def test_noise_alone_is_hardly_ever_a_lack_of_fit() -> None:
    """Where processes differ by 10 %, residuals of more than 5 % are no news."""
    found = [curve(lambda x: 60 + 0.05 * x, noise=0.1, seed=seed) for seed in range(40)]
    assert sum(bool(one.lacks) for one in found) <= 2
    assert max(one.worst for one in found) > 0.05


@pytest.mark.parametrize("x", [0, 0.99, 2**23 + 1, 2**30])
def test_nothing_is_extrapolated(x: float) -> None:
    refusal = curve(lambda x: 60 + 0.05 * x).predict(x)
    assert isinstance(refusal, Refusal)
    assert "is outside of what was measured, 1 to 8.38861e+06" in refusal.reason


def test_two_points_are_no_line_to_predict_from() -> None:
    """The last two places lie on a line of their own, which nothing else supports."""
    found = curve(lambda x: 100.0 if x < 1000 else 0.5 * x, [1, 4, 16, 64, 256, 1024, 4096])
    assert found.lines[-1].points == 2
    assert isinstance(found.predict(2048), Refusal)
    assert isinstance(found.predict(100), Sampled)


@pytest.mark.parametrize("count", [0, 1, 2])
def test_fewer_than_three_places_are_no_curve(count: int) -> None:
    assert fit_curve(points(lambda x: 100.0, SIZES[:count])) is None


def test_draws_follow_the_values() -> None:
    found = curve(jump)
    assert found.draws.shape == (DRAWS, len(found.nodes))
    assert np.all(np.diff(found.nodes) > 0)
    np.testing.assert_allclose(found.draws.mean(axis=0), found.values, rtol=0.01)
    interval = found.read(1000).interval
    assert interval.low <= interval.point <= interval.high


@pytest.mark.parametrize("count", range(2, 12))
def test_the_best_split_is_the_best_of_all(count: int) -> None:
    """Against every split that there is, on points that fit none."""
    rng = np.random.default_rng(count)
    x, times, sigma = np.arange(count, dtype=float), rng.uniform(50, 150, count), np.full(count, 5.0)

    def cost(first: int, last: int) -> float:
        own = slice(first, last + 1)
        line = np.polyval(np.polyfit(x[own], times[own], 1), x[own])
        return float(np.sum(((times[own] - line) / 5) ** 2))

    def splits(first: int, breaks: int) -> list[list[tuple[int, int]]]:
        rest = [[(first, count - 1)]] if count - first >= 2 else []
        for last in range(first + 1, count - 2) if breaks else ():
            rest += [[(first, last), *more] for more in splits(last + 1, breaks - 1)]
        return rest

    breaks = min(MAX_BREAKS, max(count - 2, 0) // 3)
    scores = {
        tuple(split): sum(cost(*part) for part in split) + (3 * len(split) - 1) * np.log(count)
        for split in splits(0, breaks)
    }
    found = tuple((segment.first, segment.last) for segment in find_segments(x, times, sigma))
    assert scores[found] == pytest.approx(min(scores.values()))
