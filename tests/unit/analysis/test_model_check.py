"""The check holds the model against sizes that it has not seen, and notices when it is wrong or silent."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from ffi_spectrum.analysis.model import Point, build_model
from ffi_spectrum.analysis.model_check import MEDIAN_BOUND, P95_BOUND, REFUSED_BOUND, check_model, leave_out
from ffi_spectrum.analysis.resample import sample_median

from ..sweeps import Law, axis, sweep

SIZES = [2.0**power for power in range(24)]


def points(law: Callable[[float], float], sizes: list[float] = SIZES) -> dict[float, Point]:
    rng = random.Random(1)
    return {
        x: Point(sample_median([law(x) * rng.gauss(1, 0.003) for _ in range(12)], int(x)), None, None, 1, 12)
        for x in sizes
    }


def test_a_line_is_predicted() -> None:
    trials = leave_out(points(lambda x: 60 + 0.05 * x))
    assert [trial.at for trial in trials] == SIZES[1:-1:2]
    assert max(trial.error for trial in trials) < 0.01
    assert all(trial.predicted_ns is not None for trial in trials)


def test_nothing_beyond_the_last_size_that_was_kept() -> None:
    assert [trial.at for trial in leave_out(points(lambda x: 60.0, SIZES[:6]))] == [2, 8]
    assert [trial.at for trial in leave_out(points(lambda x: 60.0, SIZES[:5]))] == [2, 8]
    assert leave_out(points(lambda x: 60.0, SIZES[:4])) == []


def test_a_jump_is_refused_with_its_reason() -> None:
    trials = leave_out(points(lambda x: (60 if x <= 1024 else 200) + 0.0 * x))
    refused = [trial for trial in trials if trial.predicted_ns is None]
    assert [trial.at for trial in refused] == [2048]
    assert "jumps somewhere between 1,024 and 4,096" in refused[0].reason
    assert refused[0].error == 0


def test_an_error_is_that_of_the_prediction() -> None:
    """What is left out lies 30 % above the line of what is kept."""
    odd = set(SIZES[1::2])
    trials = leave_out(points(lambda x: 130.0 if x in odd else 100.0))
    assert [trial.error for trial in trials] == pytest.approx([30 / 130] * 11, rel=0.02)


def test_every_rung_has_a_score_and_a_right_model_passes() -> None:
    laws = {"cheap": Law(20.0), "copier": Law(100.0, payload=lambda nbytes: 0.05 * nbytes)}
    scores = {score.rung: score for score in check_model(build_model(sweep(laws), axis))}
    assert list(scores) == ["floor", "cheap", "copier"]
    for score in scores.values():
        assert score.predicted + score.refused == 3 + 11 + 9
        assert score.median < 0.01
        assert score.p95 < 0.1
        assert not score.is_miss
        assert score.worst is not None
        assert score.worst.way.rung == score.rung


def test_a_rung_that_no_line_describes_misses() -> None:
    """Every second size costs half as much again: no model of four lines can know."""
    laws = {"odd": Law(20.0, payload=lambda nbytes: 100.0 if nbytes.bit_length() % 2 else 250.0)}
    (score,) = (s for s in check_model(build_model(sweep(laws), axis)) if s.rung == "odd")
    assert score.p95 > P95_BOUND
    assert score.is_miss
    assert score.worst is not None
    assert (score.worst.kernel, score.worst.way.placement) == ("ends", "host")


def test_a_model_that_refuses_too_much_misses() -> None:
    """A time that jumps at every other size is refused there, not missed."""
    laws = {"stairs": Law(20.0, payload=lambda nbytes: 20.0 * 4 ** (nbytes.bit_length() // 4))}
    (score,) = (
        s for s in check_model(build_model(sweep(laws, chosen=[("ends", int(x)) for x in SIZES]), axis))
        if s.rung == "stairs"
    )  # fmt: skip
    assert score.refused > REFUSED_BOUND * (score.refused + score.predicted)
    assert score.is_miss


def test_bounds_are_those_of_the_documentation() -> None:
    assert (MEDIAN_BOUND, P95_BOUND) == (0.05, 0.15)
