"""What may be said of a difference, and how a table of differences is corrected for its length."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from ffi_spectrum.analysis.interval import Interval, median_interval

Verdict = Literal["FASTER", "SLOWER", "EQUIVALENT", "UNRESOLVED"]


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict, the interval it rests on, and the sign test's p-value after correction."""

    verdict: Verdict
    interval: Interval
    p_value: float
    margin_ns: float


def judge(
    differences: Sequence[float], margin_ns: float, alpha: float = 0.05, p_value: float | None = None
) -> Judgement:
    """Judge per-process differences (left minus right, ns): is the left FASTER or SLOWER, or are both EQUIVALENT?

    EQUIVALENT is TOST at `alpha`: the 1 - 2 * alpha interval of the median lies within the margin (Schuirmann 1987).
    FASTER and SLOWER need the interval to lie off zero, and the (corrected) sign test to agree. A difference that is
    significant and within the margin is EQUIVALENT: it is known, and too small to matter. UNRESOLVED is all else, and
    everything with too few processes for an interval of 1 - alpha: fewer than 6 at 5 %.
    """
    interval = median_interval(differences, 1 - alpha)
    tost = median_interval(differences, 1 - 2 * alpha)
    p = sign_test(differences) if p_value is None else p_value
    return decide(interval, tost, p, margin_ns, len(differences), alpha)


def decide(
    interval: Interval, tost: Interval, p_value: float, margin_ns: float, count: int, alpha: float = 0.05
) -> Judgement:
    """The verdict of `judge` from its 1 - alpha and 1 - 2 * alpha intervals; `count` processes, of the smaller side."""
    is_enough = 2 / (1 << count) <= alpha  # the chance that all lie on one side of the median: 6 processes at 5 %
    verdict: Verdict = "UNRESOLVED"
    if is_enough and -margin_ns < tost.low and tost.high < margin_ns:
        verdict = "EQUIVALENT"
    elif is_enough and p_value <= alpha and interval.high < 0:
        verdict = "FASTER"
    elif is_enough and p_value <= alpha and interval.low > 0:
        verdict = "SLOWER"
    return Judgement(verdict, interval, p_value, margin_ns)


def sign_test(differences: Sequence[float]) -> float:
    """Two-sided p-value of "the median is zero": the test that the order-statistic interval inverts. Ties are split."""
    below = sum(d < 0 for d in differences) + sum(d == 0 for d in differences) / 2
    count = len(differences)
    fewer = math.floor(min(below, count - below))
    tail = sum(math.comb(count, k) for k in range(fewer + 1)) / (1 << count)
    return min(1.0, 2 * tail)


def holm(p_values: Mapping[str, float]) -> dict[str, float]:
    """Step-down corrected p-values, by the same keys (Holm 1979)."""
    ordered = sorted(p_values.items(), key=lambda pair: pair[1])
    corrected: dict[str, float] = {}
    largest = 0.0
    for rank, (key, p) in enumerate(ordered):
        largest = max(largest, min(1.0, (len(ordered) - rank) * p))
        corrected[key] = largest
    return {key: corrected[key] for key in p_values}


def judge_table(table: Mapping[str, tuple[Sequence[float], float]], alpha: float = 0.05) -> dict[str, Judgement]:
    """Judge every row (differences and margin) of one table, its p-values corrected together."""
    corrected = holm({key: sign_test(differences) for key, (differences, _) in table.items()})
    return {key: judge(differences, margin, alpha, corrected[key]) for key, (differences, margin) in table.items()}
