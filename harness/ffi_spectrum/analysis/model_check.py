"""Does the model predict what it has not seen? Fitted on every second size, it is asked for the others."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from statistics import median

from ffi_spectrum.analysis.curve import Curve, Refusal, fit_curve
from ffi_spectrum.analysis.model import Point, Way
from ffi_spectrum.case import Case

# What a prediction may be off, as a fraction of the measured time: in the middle, and in all but one of twenty.
MEDIAN_BOUND, P95_BOUND = 0.05, 0.15
# A model may say that it does not know, but not of most places.
REFUSED_BOUND = 0.25


@dataclass(frozen=True, slots=True)
class Trial:
    """One place that was left out: measured and predicted nanoseconds, or the reason why nothing was predicted."""

    way: Case
    kernel: str
    at: float
    measured_ns: float
    predicted_ns: float | None
    reason: str = ""

    @property
    def error(self) -> float:
        """The absolute error as a fraction of the measured time; 0 where nothing was predicted."""
        return 0.0 if self.predicted_ns is None else abs(self.predicted_ns - self.measured_ns) / abs(self.measured_ns)


@dataclass(frozen=True, slots=True)
class Score:
    """The predictions for one rung; `worst` is the one with the largest error."""

    rung: str
    predicted: int
    refused: int
    median: float
    p95: float
    worst: Trial | None

    @property
    def is_miss(self) -> bool:
        is_silent = self.refused > REFUSED_BOUND * (self.predicted + self.refused)
        return is_silent or self.median > MEDIAN_BOUND or self.p95 > P95_BOUND


def check_model(ways: Iterable[Way]) -> list[Score]:
    """The score of every rung that has a curve of five sizes or more, in the order of the ways."""
    trials: dict[str, list[Trial]] = defaultdict(list)
    for way in ways:
        for kernel, places in way.points.items():
            trials[way.case.rung] += [replace(trial, way=way.case, kernel=kernel) for trial in leave_out(places)]
    return [_score(rung, found) for rung, found in trials.items() if found]


def leave_out(places: Mapping[float, Point]) -> list[Trial]:
    """Predict every second place, from the second on, from the others; none beyond the last of these."""
    order = sorted(places)
    kept, left_out = order[::2], order[1::2]
    curve = fit_curve({x: places[x].call for x in kept})
    if curve is None:
        return []
    return [_trial(curve, x, places[x].call.point) for x in left_out if x < kept[-1]]


def _trial(curve: Curve, x: float, measured_ns: float) -> Trial:
    found = curve.predict(x)
    nobody = Case("", 0, "", "prebound", "none")
    if isinstance(found, Refusal):
        return Trial(nobody, "", x, measured_ns, None, found.reason)
    return Trial(nobody, "", x, measured_ns, found.point)


def _score(rung: str, trials: list[Trial]) -> Score:
    made = sorted((trial for trial in trials if trial.predicted_ns is not None), key=lambda trial: trial.error)
    errors = [trial.error for trial in made]
    return Score(
        rung=rung, predicted=len(made), refused=len(trials) - len(made),
        median=median(errors or [0.0]), p95=_p95(errors), worst=made[-1] if made else None,
    )  # fmt: skip


def _p95(errors: list[float]) -> float:
    """The smallest error that at least 95 % of the sorted `errors` do not exceed."""
    return errors[max(0, -(-95 * len(errors) // 100) - 1)] if errors else 0.0
