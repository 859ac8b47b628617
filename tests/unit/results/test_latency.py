"""Latencies keep their percentiles through bins, and say nothing where too few calls stand behind one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ffi_spectrum.results.latency import BINS_PER_OCTAVE, Percentiles, bin_of, count_bins, ns_of


@given(st.floats(1, 1e12))
def test_a_time_comes_back_within_half_a_bin(ns: float) -> None:
    assert ns_of(bin_of(ns)) == pytest.approx(ns, rel=2 ** (0.5 / BINS_PER_OCTAVE) - 1 + 1e-9)


def test_percentiles_agree_with_numpy_within_a_bin() -> None:
    times = np.random.default_rng(1).lognormal(6, 1, 50_000).astype(int) + 1
    shares = Percentiles()
    for half in (times[:20_000], times[20_000:]):  # two processes
        shares.add(count_bins(half.tolist()))
    for fraction in (0.5, 0.99, 0.999):
        assert shares.at(fraction) == pytest.approx(float(np.quantile(times, fraction)), rel=0.03)


@pytest.mark.parametrize(("calls", "known"), [(19, []), (20, [0.5]), (1000, [0.5, 0.99]), (10_000, [0.5, 0.99, 0.999])])
def test_a_percentile_needs_ten_calls_beyond_it(calls: int, known: list[float]) -> None:
    shares = Percentiles()
    shares.add(count_bins([100] * calls))
    assert [fraction for fraction in (0.5, 0.99, 0.999) if shares.at(fraction) is not None] == known


def test_nothing_and_less_than_a_nanosecond_are_bin_zero() -> None:
    assert count_bins([0, 1, -5]) == {"0": 3}
