"""Break-even points: exact against the closed form, in words where there is none, never beyond what was measured."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ffi_spectrum.analysis.break_even import (
    Wins,
    calls_to_win,
    where_cheaper,
    where_doubled,
    where_exceeds,
    where_positive,
)
from ffi_spectrum.analysis.curve import Curve
from ffi_spectrum.analysis.interval import Interval
from ffi_spectrum.analysis.resample import DRAWS, Sampled

HIGH = 1000.0


def number(point: float, sd: float = 0.0) -> Sampled:
    return Sampled(point, point + sd * np.random.default_rng(0).standard_normal(DRAWS))


def curve(
    *nodes: tuple[float, float],
    sd: float = 0.0,
    seed: int = 0,
    jumps: tuple[tuple[float, float], ...] = (),
    closed: tuple[tuple[float, float], ...] = (),
) -> Curve:
    """Straight lines through these points; each draw is shifted as a whole."""
    x, y = np.array(nodes, float).T
    shifts = sd * np.random.default_rng(seed).standard_normal((DRAWS, 1))
    return Curve(x, y, y + shifts, (), jumps, (), closed, 0.0)


def line(a: float, c: float, sd: float = 0.0, seed: int = 0, high: float = HIGH) -> Curve:
    """t = a + c * x from 0 to `high`."""
    return curve((0, a), (high, a + c * high), sd=sd, seed=seed)


def only(wins: Wins) -> tuple[Interval | None, Interval | None]:
    assert wins.verdict == "somewhere"
    (found,) = wins.ranges
    return found.start, found.end


@given(
    a=st.floats(10, 1000), c=st.floats(0, 10), gap=st.floats(5, 500), share=st.floats(0.05, 0.95)
)  # fmt: skip
def test_two_lines_cross_where_algebra_says(a: float, c: float, gap: float, share: float) -> None:
    """The other starts `gap` higher and catches up at `share` of the range; both ends lie beyond the margin."""
    d = gap / (share * HIGH)
    mine, other = line(a, c + d), line(a + gap, c)
    # both ends must lie beyond the margin of 1 ns or 1 %
    assume(gap > max(1.0, 0.01 * a) and d * HIGH - gap > max(1.0, 0.01 * (a + gap + c * HIGH)))
    start, end = only(where_cheaper(mine, other))
    assert end is None
    assert start is not None
    assert (start.point, start.low, start.high) == pytest.approx((gap / d, gap / d, gap / d), rel=1e-9)
    back_start, back_end = only(where_cheaper(other, mine))
    assert back_start is None
    assert back_end is not None
    assert back_end.point == pytest.approx(gap / d, rel=1e-9)


@given(st.lists(st.floats(-100, 100).filter(lambda v: abs(v) > 1), min_size=2, max_size=8), st.floats(0, 1))
def test_ranges_are_where_the_function_is_positive(values: list[float], at: float) -> None:
    """Against the interpolated function itself, at any place that is not within rounding of a zero."""
    x = np.arange(len(values), dtype=float)
    v = np.array(values)
    wins = where_positive(x, v, np.tile(v, (DRAWS, 1)), np.zeros_like(x))
    place = at * (len(values) - 1)
    truth = float(np.interp(place, x, v))
    if abs(truth) < 1e-9:
        return
    if wins.verdict != "somewhere":
        assert wins.verdict in ("always", "never", "outside")
        assert (wins.verdict == "always") == bool(np.all(v > 0))
        return
    inside = any(
        (r.start is None or place >= r.start.point) and (r.end is None or place <= r.end.point) for r in wins.ranges
    )
    assert inside == (truth > 0)


@pytest.mark.parametrize(
    ("values", "start", "end"),
    [((-10, 0.5, -0.5, 10), 2 + 0.5 / 10.5, None), ((10, -0.5, 0.5, -10), None, 10 / 10.5)],
    ids=["the last on the way up", "the first on the way down"],
)
def test_of_several_zeros_that_mean_nothing_the_careful_one_counts(
    values: tuple[float, ...], start: float | None, end: float | None
) -> None:
    """Between two places that count the function wavers by less than the margin."""
    v = np.array(values)
    found = only(where_positive(np.arange(4.0), v, np.tile(v, (DRAWS, 1)), np.ones(4)))
    assert [x and x.point for x in found] == [start and pytest.approx(start), end and pytest.approx(end)]


def test_the_interval_is_that_of_the_noise() -> None:
    """A shift of 1 ns moves the crossing of lines that differ by 0.1 ns per byte by 10 bytes."""
    start, _ = only(where_cheaper(line(100, 0.2, 1.0, 1), line(150, 0.1, 1.0, 2)))
    assert start is not None
    assert start.point == pytest.approx(500)
    assert start.high - start.low == pytest.approx(2 * 1.96 * 10 * np.sqrt(2), rel=0.15)


@pytest.mark.parametrize(
    ("mine", "other", "verdict"),
    [
        (line(100, 0.1), line(50, 0.1), "always"),
        (line(50, 0.1), line(100, 0.1), "never"),
        (line(50, 0.1), line(100, 0.3), "never"),
        (line(50, 0.3), line(1000, 0.1), "outside"),
        (line(100, 0.1), line(100.5, 0.1), "equal"),
        (line(1000, 1.0), line(1009, 1.0), "equal"),
        (line(100, 0.1, 30, 1), line(105, 0.1, 30, 2), "equal"),
        (line(100, 0.1), curve((2000, 10), (3000, 10)), "unknown"),
    ],
    ids=["always", "never", "diverging", "closing", "within 1 ns", "within 1 %", "within noise", "no common range"],
)  # fmt: skip
def test_no_crossing_is_said_in_words(mine: Curve, other: Curve, verdict: str) -> None:
    wins = where_cheaper(mine, other)
    assert (wins.verdict, wins.ranges) == (verdict, ())


def test_a_crossing_beyond_the_common_range_is_not_given() -> None:
    """The lines cross at 500, but one of them was measured up to 400 only."""
    assert where_cheaper(line(100, 0.2), line(150, 0.1, high=400)).verdict == "outside"


def test_a_win_between_two_places_has_both_ends() -> None:
    dip = curve((0, 100), (200, 100), (400, 40), (600, 100), (1000, 100))
    start, end = only(where_cheaper(line(70, 0), dip))
    assert start is not None
    assert end is not None
    assert (start.point, end.point) == pytest.approx((300, 500))


def test_a_crossing_inside_a_jump_is_known_as_well_as_the_jump() -> None:
    jumping = curve((0, 10), (256, 10), (512, 500), (1000, 500), jumps=((256, 512),))
    start, _ = only(where_cheaper(jumping, line(100, 0)))
    assert start is not None
    assert (start.low, start.high) == (256, 512)


def test_a_crossing_where_the_fit_is_off_is_marked() -> None:
    off = curve((0, 100), (HIGH, 300), closed=((400, 600),))
    assert where_cheaper(off, line(200, 0)).ranges[0].is_loose
    assert not where_cheaper(off, line(150, 0)).ranges[0].is_loose


def test_half_of_the_asymptotic_rate_is_at_a_over_c() -> None:
    start, _ = only(where_doubled(line(60, 0.2)))
    assert start is not None
    assert start.point == pytest.approx(60 / 0.2)
    assert where_doubled(line(60, 0)).verdict == "never"
    assert where_doubled(line(60, 0.01)).verdict == "outside"


def test_a_share_of_the_time_is_where_the_work_exceeds_the_boundary_so_often() -> None:
    start, _ = only(where_exceeds(line(0, 1.2), line(40, 0), 9.0))
    assert start is not None
    assert start.point == pytest.approx(9 * 40 / 1.2)


@given(time=st.floats(20, 1e4), boundary=st.floats(1, 1e6), far=st.floats(0.1, 10))
def test_calls_per_crossing_are_the_least_that_win(time: float, boundary: float, far: float) -> None:
    wins = calls_to_win(number(time), number(boundary), number(far), 10**9)

    def takes(calls: float) -> float:
        return boundary / calls + far

    if wins.verdict == "always":
        assert takes(1) <= time * (1 + 1e-9)
        return
    start, end = only(wins)
    assert start is not None
    assert end is None
    assert takes(start.point) <= time * (1 + 1e-6)
    assert takes(start.point - 1) > time * (1 - 1e-6)


@pytest.mark.parametrize(
    ("time", "boundary", "far", "verdict"),
    [(50, 1000, 60, "never"), (50, 40, 1, "always"), (50, 1e6, 1, "outside"), (1000, -5, 990, "always")],
)
def test_calls_per_crossing_in_words(time: float, boundary: float, far: float, verdict: str) -> None:
    assert calls_to_win(number(time), number(boundary), number(far), 10_000).verdict == verdict


def test_a_gain_that_may_be_none_needs_nobody_knows_how_many_calls() -> None:
    assert calls_to_win(number(50, 1.0), number(1000), number(49.5), 10**9).verdict == "outside"


def test_another_axis_keeps_an_interval_in_order() -> None:
    wins = Wins("somewhere", (where_cheaper(line(100, 0.2, 1.0, 1), line(150, 0.1, 1.0, 2)).ranges[0],))
    before, after = wins.ranges[0].start, wins.mapped(lambda x: 1000 - x).ranges[0].start
    assert before is not None
    assert after is not None
    assert (after.point, after.low, after.high) == (1000 - before.point, 1000 - before.high, 1000 - before.low)


def test_json_has_numbers_or_null() -> None:
    wins = where_cheaper(line(100, 0.2), line(150, 0.1))
    assert wins.to_json() == {
        "verdict": "somewhere",
        "ranges": [{"start": pytest.approx([500, 500, 500]), "end": None, "is_loose": False}],
    }
