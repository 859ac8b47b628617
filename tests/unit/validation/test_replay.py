"""Replays know the truth of synthetic pools."""

from __future__ import annotations

import random
from statistics import median

import pytest

from ffi_spectrum.validation.pool import DIFFERENCE, IDENTICAL, load_pool
from ffi_spectrum.validation.replay import Rate, coverage, false_positives, power, replay, wrong_signs, wrong_verdicts

RNG = random.Random(20260101)
QUIET = [RNG.gauss(0, 0.4) for _ in range(2000)]
# one process in five gets an unlucky layout; with one in two the median would lie in a gap, where it means nothing
BIMODAL = [RNG.gauss(13.9 if RNG.random() < 0.2 else 0.0, 0.4) for _ in range(2000)]


def centred(values: list[float]) -> list[float]:
    middle = median(values)
    return [value - middle for value in values]


@pytest.mark.parametrize("pool", [QUIET, BIMODAL], ids=["normal", "bimodal"])
def test_identical_code_is_rarely_called_different(pool: list[float]) -> None:
    rate = false_positives(centred(pool), 1000, 1)
    assert rate.percent <= 6.5
    assert wrong_verdicts(centred(pool), 1.0, 300, 1).hits == 0


@pytest.mark.parametrize("pool", [QUIET, BIMODAL], ids=["normal", "bimodal"])
def test_the_interval_covers_the_pool_median(pool: list[float]) -> None:
    assert 92.5 <= coverage(pool, 1000, 1).percent <= 98.5


def test_a_shift_is_found_and_keeps_its_sign() -> None:
    assert power(centred(QUIET), 1.0, 40, 300, 1).percent > 99
    assert power(centred(QUIET), 0.0, 40, 300, 1).percent < 5
    assert wrong_signs([value + 45 for value in QUIET], 300, 1).hits == 0


def test_a_replay_stops_where_the_live_rule_would() -> None:
    narrow = [RNG.gauss(0, 0.02) for _ in range(500)]
    assert len(replay(narrow, random.Random(1))) == 12
    wide = [RNG.gauss(0, 40) for _ in range(500)]
    assert len(replay(wide, random.Random(1), cap=320)) == 320


def test_the_upper_bound_is_clopper_and_pearsons() -> None:
    assert Rate(0, 800).upper_percent() == pytest.approx(100 * (1 - 0.05 ** (1 / 800)))
    assert Rate(100, 2000).upper_percent() == pytest.approx(5.878, abs=0.02)
    assert Rate(5, 5).upper_percent() == 100


# --- the shipped pool


def test_the_shipped_pool_has_enough_processes_and_says_where_it_is_from() -> None:
    pool = load_pool()
    assert pool.processes >= 2000
    assert {len(pool.columns[name]) for name in (*IDENTICAL, DIFFERENCE)} == {pool.processes}
    assert len(pool.rounds) >= 200
    assert pool.fingerprint["cpu"]


def test_on_the_shipped_pool_coverage_is_nominal() -> None:
    pool = load_pool()
    for name in (*IDENTICAL, DIFFERENCE):
        assert 92 <= coverage(pool.columns[name], 600, 3).percent <= 98.5, name
