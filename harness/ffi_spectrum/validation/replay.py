"""Replaying recorded processes: how often the analysis is wrong, where the truth is known.

Each value is one process's paired difference. A run is replayed by drawing processes from the pool, looking at the
scheduled numbers of them, and stopping by the live rule.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from ffi_spectrum.analysis.interval import median_interval
from ffi_spectrum.analysis.stopping import NARROW, Precision, stop_at
from ffi_spectrum.analysis.verdict import judge, sign_test

CAP = 320


@dataclass(frozen=True, slots=True)
class Rate:
    """`hits` of `count` replays."""

    hits: int
    count: int

    @property
    def percent(self) -> float:
        return 100 * self.hits / self.count

    def upper_percent(self, confidence: float = 0.95) -> float:
        """One-sided upper bound of the rate (Clopper and Pearson 1934)."""
        from scipy.stats import beta  # its import takes 0.6 s

        if self.hits == self.count:
            return 100.0
        return float(100 * beta.ppf(confidence, self.hits + 1, self.count - self.hits))


def replay(pool: Sequence[float], rng: random.Random, precision: Precision = NARROW, cap: int = CAP) -> list[float]:
    """The values that one run with the stopping rule would have used."""
    drawn = rng.choices(pool, k=cap)
    return drawn[: stop_at(drawn, precision, cap)]


def false_positives(pool: Sequence[float], replays: int, seed: int) -> Rate:
    """How often identical code is called FASTER or SLOWER by the bare 5 % test, no margin helping it."""
    rng = random.Random(seed)
    return Rate(sum(sign_test(replay(pool, rng)) <= 0.05 for _ in range(replays)), replays)


def wrong_verdicts(pool: Sequence[float], margin_ns: float, replays: int, seed: int) -> Rate:
    """How often identical code gets the verdict FASTER or SLOWER with the margin that users see."""
    rng = random.Random(seed)
    wrong = ("FASTER", "SLOWER")
    return Rate(sum(judge(replay(pool, rng), margin_ns).verdict in wrong for _ in range(replays)), replays)


def coverage(pool: Sequence[float], replays: int, seed: int) -> Rate:
    """How often the interval at the stop holds the median of the whole pool."""
    rng, truth = random.Random(seed), median(pool)
    intervals = (median_interval(replay(pool, rng)) for _ in range(replays))
    return Rate(sum(found.low <= truth <= found.high for found in intervals), replays)


def power(pool: Sequence[float], shift_ns: float, processes: int, replays: int, seed: int) -> Rate:
    """How often a shift is found, with the right sign, in so many processes."""
    rng = random.Random(seed)
    hits = 0
    for _ in range(replays):
        drawn = [value + shift_ns for value in rng.choices(pool, k=processes)]
        hits += sign_test(drawn) <= 0.05 and median(drawn) > 0
    return Rate(hits, replays)


def wrong_signs(pool: Sequence[float], replays: int, seed: int, factor: float = 1.4, share: float = 1 / 3) -> Rate:
    """How often a true positive difference is called FASTER when bursts stretch a share of the processes.

    A burst is multiplicative: it stretches both sides, so a process's difference grows by the same factor.
    """
    rng = random.Random(seed)
    wrong = 0
    for _ in range(replays):
        drawn = [value * (factor if rng.random() < share else 1.0) for value in replay(pool, rng)]
        wrong += judge(drawn, 0.0).verdict == "FASTER"
    return Rate(wrong, replays)
