"""Kernels of known length: what is hidden, where a toll becomes small, and models that were put in come out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ffi_spectrum.analysis.device.durations import (
    ADDITIVE,
    MAXIMUM,
    DurationRow,
    duration_rows,
    fit_models,
    overlapping_kernels,
    small_from,
    small_tolls,
)
from ffi_spectrum.results.device.durations import Durations
from ffi_spectrum.results.device.sample import DeviceSample

LENGTHS = [30.0, 2_030.0, 5_030.0, 10_030.0, 50_030.0, 200_030.0, 1_000_030.0]


def test_what_is_hidden_is_counted_from_the_measured_length() -> None:
    row = DurationRow("path", 10_000, 22_100.0, 12_100.0, 10_700.0, 10_100.0, {"early": 10_400.0, "late": 10_500.0})
    assert row.row_hidden == pytest.approx(1 - 2 / 12)
    assert row.graph_hidden == pytest.approx(1 - 0.6 / 12)
    assert row.dependent_hidden == pytest.approx({"early": 1 - 0.3 / 12, "late": 1 - 0.4 / 12})
    asked = DurationRow("path", 10_000, 22_000.0, 12_000.0, 10_600.0)
    assert asked.kernel_ns == 10_000
    assert asked.row_hidden == pytest.approx(1 - 2 / 12)


def test_rows_are_medians_per_launch() -> None:
    one = Durations(
        5_000, 10, {"p": [180_000, 170_000, 190_000]}, {"p": [70_000]}, [58_000], {"early": [54_000]}, [5_030, 5_050], 2
    )
    (row,) = duration_rows([DeviceSample(0, 0, durations=[one])])
    assert row == DurationRow("p", 5_000, 18_000, 7_000, 5_800, 5_040, {"early": 5_400}, 10)
    assert overlapping_kernels([DeviceSample(0, 0, durations=[one])] * 2) == 4


@given(st.floats(100, 9_000))
def test_a_constant_toll_is_small_from_a_hundred_times_its_length(toll: float) -> None:
    found = small_from(LENGTHS, [toll / length for length in LENGTHS])
    assert found == pytest.approx(100 * toll)


def test_a_toll_that_is_never_or_always_small() -> None:
    assert small_from([1.0, 2.0], [0.5, 0.01]) is None
    assert small_from([1.0, 2.0], [0.001, 0.002]) == 1.0
    assert small_from([], []) is None
    assert small_from([1.0, 2.0, 4.0], [0.001, 0.02, -0.001]) == pytest.approx(2 * 2 ** (1 / (2 * 3.3219 + 1)), 1e-3)


def test_both_tolls_are_small_where_the_later_one_is() -> None:
    rows = [DurationRow("p", int(d), d + 12_000, d + 2_000, d + 900, d) for d in LENGTHS]
    (toll,) = small_tolls(rows)
    assert toll.row_ns == pytest.approx(200_000)
    assert toll.graph_ns == pytest.approx(90_000)
    assert toll.both_ns == toll.row_ns


@given(st.floats(3_000, 30_000))
def test_an_additive_time_is_found_to_be_one(toll: float) -> None:
    row = fit_models("p", "wait each", LENGTHS, [length + toll for length in LENGTHS])
    assert row.toll_ns == pytest.approx(toll)
    assert row.toll_error < 1e-9
    assert row.holds == ADDITIVE


@given(st.floats(6_000, 30_000), st.floats(500, 2_500), st.floats(-0.02, 0.02))
def test_the_larger_of_two_is_found_to_be_that(host: float, gap: float, noise: float) -> None:
    signs = (1, -1, 1, -1, 1, -1, 1)
    times = [max(host, length + gap) * (1 + noise * sign) for length, sign in zip(LENGTHS, signs, strict=True)]
    row = fit_models("p", "in a row", LENGTHS, times)
    assert row.holds == MAXIMUM
    assert row.host_ns == pytest.approx(host, rel=0.05)
    assert row.max_error <= 0.05
    assert row.toll_error > 0.1


def test_where_neither_holds_none_is_named() -> None:
    row = fit_models("p", "in a row", [0.0, 10.0, 20.0], [100.0, 1000.0, 10.0])
    assert row.holds == ""
