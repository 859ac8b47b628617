"""Where the scatter of a case comes from: rounds within a process, processes within a file, one file or the other."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median

# Makes the median absolute deviation estimate a normal standard deviation (Rousseeuw and Croux 1993, section 1).
_NORMAL_MAD = 1.4826
# Variance of a median of n normal values times n over their variance.
_MEDIAN_VARIANCE = math.pi / 2

Rounds = Sequence[Mapping[int, float]]


@dataclass(frozen=True, slots=True)
class Scatter:
    """Robust standard deviations in nanoseconds per call; each is what the levels below it do not explain.

    `build_ns` is between the two files: another build, another day or another machine.
    """

    round_ns: float
    process_ns: float
    build_ns: float


def split_scatter(left: Rounds, right: Rounds) -> Scatter:
    """Split the scatter of two files' processes, each given as its nanoseconds per call by round.

    Nested one-way components (Kalibera and Jones 2013, section 6.2) with medians for means and median absolute
    deviations for standard deviations; a component that comes out negative is none.
    """
    everything = [*left, *right]
    a, b = ([median(process.values()) for process in side] for side in (left, right))
    within = median(_variance(process.values()) for process in everything)
    between = fmean((_variance(a), _variance(b)))
    of_process = _MEDIAN_VARIANCE * within / median(len(process) for process in everything)
    of_file = _MEDIAN_VARIANCE * between * (1 / len(a) + 1 / len(b)) / 2
    return Scatter(
        round_ns=math.sqrt(within),
        process_ns=_excess(between, of_process),
        build_ns=_excess((median(a) - median(b)) ** 2 / 2, of_file),
    )


def _variance(values: Iterable[float]) -> float:
    found = list(values)
    middle = median(found)
    return (_NORMAL_MAD * median(abs(value - middle) for value in found)) ** 2


def _excess(total: float, explained: float) -> float:
    return math.sqrt(max(0.0, total - explained))
