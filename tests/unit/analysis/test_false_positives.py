"""How often identical calls are called different, on simulated processes."""

from __future__ import annotations

import math
import random
from collections.abc import Callable

import pytest

from ffi_spectrum.analysis.verdict import judge, judge_table


def normal(rng: random.Random) -> float:
    return rng.gauss(0, 1)


def skewed(rng: random.Random) -> float:
    return rng.expovariate(1)


def bimodal(rng: random.Random) -> float:
    """One process in five is 14 ns slower, as two loops over one callable once were."""
    return rng.gauss(0, 0.1) + (14 if rng.random() < 0.2 else 0)


def binomial_tail(hits: int, trials: int, rate: float) -> float:
    """P(Binomial(trials, rate) >= hits), for hits above the mean."""
    return sum(
        math.exp(
            math.lgamma(trials + 1) - math.lgamma(k + 1) - math.lgamma(trials - k + 1)
            + k * math.log(rate) + (trials - k) * math.log(1 - rate)
        )
        for k in range(hits, trials + 1)
    )  # fmt: skip


@pytest.mark.parametrize("draw", [normal, skewed, bimodal])
@pytest.mark.parametrize("count", [6, 12, 20, 40])
def test_identical_calls_are_called_different_in_no_more_than_5_percent(
    draw: Callable[[random.Random], float], count: int
) -> None:
    """A rate above 5 % would be rejected by the exact binomial test at 0.1 %."""
    rng = random.Random(f"{draw.__name__} {count}")
    trials = 1500
    # a margin of zero: every verdict but UNRESOLVED is a false positive
    verdicts = [judge([draw(rng) - draw(rng) for _ in range(count)], 0.0).verdict for _ in range(trials)]
    wrong = trials - verdicts.count("UNRESOLVED")
    assert wrong > 0, "a test that never speaks has no rate"
    assert wrong <= 0.05 * trials or binomial_tail(wrong, trials, 0.05) > 0.001


def test_a_table_of_identical_calls_has_one_false_positive_in_twenty_tables_at_most() -> None:
    rng = random.Random(20260301)
    trials, wrong = 600, 0
    for _ in range(trials):
        table = judge_table({str(row): ([rng.gauss(0, 1) for _ in range(20)], 0.0) for row in range(8)})
        wrong += any(row.verdict != "UNRESOLVED" for row in table.values())
    assert wrong <= 0.05 * trials or binomial_tail(wrong, trials, 0.05) > 0.001


def test_a_slow_minority_of_processes_does_not_decide() -> None:
    rng = random.Random(5)
    differences = [rng.gauss(0, 0.1) + (14 if n % 5 == 0 else 0) for n in range(40)]
    judgement = judge(differences, 1.0)
    assert judgement.verdict == "EQUIVALENT"
    assert judgement.interval.low <= judgement.interval.point <= judgement.interval.high < 1


def test_two_modes_of_equal_weight_are_unresolved() -> None:
    rng = random.Random(6)
    assert judge([rng.gauss(0, 0.1) + (14 if n % 2 else -14) for n in range(40)], 1.0).verdict == "UNRESOLVED"
