"""Every number is shown with its unit and with digits that its interval supports."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ffi_spectrum.report.numbers import duration, nbytes, ratio, scale_of, time_span


@pytest.mark.parametrize(
    ("ns", "text"),
    [
        (0.0, "0.00 ns"), (0.2934, "0.29 ns"), (-0.001, "0.00 ns"), (-0.4, "-0.40 ns"), (12.345, "12.3 ns"),
        (123.45, "123 ns"), (999.4, "999 ns"), (999.7, "1.000 us"), (1234.5, "1.23 us"), (28_431.0, "28.4 us"),
        (1_234_567.0, "1.23 ms"), (2.5e9, "2.50 s"),
    ],
)  # fmt: skip
def test_a_time_without_interval_has_at_least_three_digits(ns: float, text: str) -> None:
    assert scale_of(ns).time(ns) == text


@pytest.mark.parametrize(
    ("point", "low", "high", "text"),
    [
        (123.456, 123.44, 123.47, "123.46 ns"),  # an interval of hundredths: hundredths are real
        (123.456, 120.0, 125.0, "123 ns"),
        (2204.4, 2202.0, 2206.0, "2.204 us"),
        (54.1, 40.0, 90.0, "54.1 ns"),  # three digits even where the interval is wide
        (5.0, 4.99999, 5.00001, "5.00 ns"),  # no interval is finer than the clock
        (0.0, 0.0, 0.0, "0 ns"),
    ],
)
def test_digits_follow_the_interval(point: float, low: float, high: float, text: str) -> None:
    assert scale_of(point, low, high).time(point) == text


@given(st.floats(1e-3, 1e11), st.floats(0, 0.5))
def test_what_is_shown_is_within_one_percent_or_a_hundredth_of_a_nanosecond(ns: float, spread: float) -> None:
    scale = scale_of(ns, ns * (1 - spread), ns * (1 + spread))
    shown = float(scale.number(ns).replace(",", "")) * scale.divisor
    assert shown == pytest.approx(ns, rel=0.01, abs=0.01)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "-"),
        (0.0, "0.00"),
        (0.1483, "0.15"),
        (1.0, "1.00"),
        (12.34, "12.3"),
        (152.6, "153"),
        (12_710.0, "12,700"),
    ],
)
def test_a_ratio_has_three_digits(value: float | None, text: str) -> None:
    assert ratio(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-1.0, "0 s"), (1e-12, "0 s"), (0.4, "0 s"), (0.5, "1 s"), (2.4999999, "3 s"), (59.4, "59 s"),
        (59.5, "1 min 00 s"), (185.0, "3 min 05 s"), (3720.0, "1 h 02 min"),
    ],
)  # fmt: skip
def test_a_duration_is_rounded_half_up_and_never_negative(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_a_prediction_names_its_bound_where_it_has_one() -> None:
    assert time_span(42.4, 42.4) == "about 42 s"
    assert time_span(42.4, 600.0) == "about 42 s, at most 10 min 00 s"


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 B"), (9645, "9,645 B"), (12_100, "12.1 kB"), (45_400_000, "45.4 MB")]
)
def test_bytes_have_a_unit(count: int, text: str) -> None:
    assert nbytes(count) == text
