"""The table of `model --check`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from ffi_spectrum.analysis.model_check import MEDIAN_BOUND, P95_BOUND, REFUSED_BOUND, Score, Trial
from ffi_spectrum.report.numbers import NOTHING
from ffi_spectrum.report.remote import Sheet

LEGEND = (
    "Fitted on every second size, asked for the others within the range: |predicted - measured| / measured.",
    f"miss: a median above {MEDIAN_BOUND:.0%}, a p95 above {P95_BOUND:.0%}, or more than {REFUSED_BOUND:.0%} refused, "
    "where the fit is off or the time jumps between two sizes.".replace("%", " %"),
)


def check_sheet(scores: Iterable[Score]) -> Sheet:
    """A row per rung, with the prediction that was furthest off."""
    headers = ("rung", "worst case", "predicted", "refused", "median", "p95", "worst", "")
    return Sheet("predictions of sizes that were left out", headers, tuple(map(_row, scores)), 2)


def _row(score: Score) -> tuple[str, ...]:
    worst = score.worst
    where = NOTHING if worst is None else _where(worst)
    largest = NOTHING if worst is None else f"{worst.error:.1%}"
    return (
        score.rung, where, str(score.predicted), str(score.refused), f"{score.median:.1%}", f"{score.p95:.1%}", largest,
        "miss" if score.is_miss else "",
    )  # fmt: skip


def _where(trial: Trial) -> str:
    place = "" if trial.way.placement == "none" else f" {trial.way.form} {trial.way.placement}"
    variant = f" {trial.way.way}" if trial.way.variant else ""
    return f"{trial.kernel} {trial.at:,.0f}{place}{variant}"


def check_json(score: Score) -> dict[str, Any]:
    """What `model --check --json` prints for a rung."""
    worst = None
    if score.worst is not None:
        worst = {
            "way": score.worst.way.id.removeprefix("/0/"), "kernel": score.worst.kernel, "at": score.worst.at,
            "measured_ns": score.worst.measured_ns, "predicted_ns": score.worst.predicted_ns,
            "error": score.worst.error,
        }  # fmt: skip
    return asdict(score) | {"worst": worst, "is_miss": score.is_miss}
