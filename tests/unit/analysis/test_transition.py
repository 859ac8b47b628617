"""What the GIL costs, paired with the call that holds it; whether it is the same is judged, and not read off."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ffi_spectrum.analysis.paired import PairedPanel, paired_panels
from ffi_spectrum.analysis.transition import MARGIN_NS, Comparison, compare_transitions, transitions
from ffi_spectrum.case import Case

from ..parted import run, single_cases

HELD = {"a_free": "a", "b_free": "b", "c_free": "c"}
RUNGS = ("a_free", "b_free", "c_free")
EVERY = ("a", "b", "c", *RUNGS)


def panels(costs: Callable[[Case], float], size: int = 0, noise: float = 0.0, processes: int = 12) -> list[PairedPanel]:
    return paired_panels(
        run({("noop", size): single_cases("noop", size, EVERY)}, costs, noise=noise, processes=processes)
    )


def costs(transition: dict[str, float]) -> Callable[[Case], float]:
    """Calls that cost 20, 60 and 300 ns with the GIL held."""
    own = {"a": 20.0, "b": 60.0, "c": 300.0}
    return lambda case: own[case.rung[0]] + transition.get(case.rung, 0.0)


def likeness(found: list[Comparison]) -> dict[tuple[str, str], str]:
    return {(c.left.rung, c.right.rung): c.likeness for c in found}


@settings(max_examples=20, deadline=None)
@given(st.floats(-50, 500), st.floats(-50, 500))
def test_transitions_and_their_differences_are_exact_without_noise(one: float, other: float) -> None:
    found = panels(costs({"a_free": one, "b_free": other, "c_free": other}))
    by_rung = {t.case.rung: t for t in transitions(found, HELD)}
    assert by_rung["a_free"].interval.point == pytest.approx(one, abs=1e-4)
    assert (by_rung["b_free"].held.rung, by_rung["b_free"].processes) == ("b", 12)
    first = compare_transitions(found, HELD, RUNGS)[0]
    assert (first.left.rung, first.right.rung) == ("b_free", "a_free")
    assert first.judgement.interval.point == pytest.approx(other - one, abs=1e-4)


def test_the_three_verdicts() -> None:
    found = panels(costs({"a_free": 24.0, "b_free": 24.9, "c_free": 31.5}), noise=0.005, processes=20)
    verdicts = likeness(compare_transitions(found, HELD, RUNGS))
    assert verdicts["b_free", "a_free"] == "EQUIVALENT"
    assert verdicts["c_free", "a_free"] == "DIFFERENT"
    less = panels(costs({"a_free": 31.5, "b_free": 24.0, "c_free": 24.0}), noise=0.005, processes=20)
    assert likeness(compare_transitions(less, HELD, RUNGS))["b_free", "a_free"] == "DIFFERENT"
    noisy = panels(costs({"a_free": 24.0, "b_free": 24.0, "c_free": 24.0}), noise=0.5)
    assert set(likeness(compare_transitions(noisy, HELD, RUNGS)).values()) == {"UNRESOLVED"}


def test_a_difference_that_is_known_and_within_the_margin_is_no_difference() -> None:
    found = panels(costs({"a_free": 24.0, "b_free": 24.0 + 0.9 * MARGIN_NS, "c_free": 24.0}))
    assert likeness(compare_transitions(found, HELD, RUNGS))["b_free", "a_free"] == "EQUIVALENT"


def test_few_processes_decide_nothing() -> None:
    found = panels(costs({"a_free": 24.0, "b_free": 80.0, "c_free": 24.0}), processes=5)
    assert set(likeness(compare_transitions(found, HELD, RUNGS)).values()) == {"UNRESOLVED"}


def test_equal_transitions_are_rarely_called_different() -> None:
    """Three comparisons a run, corrected together: at most one run in twenty names a difference that is none."""
    wrong, runs, rng = 0, 200, random.Random(1)
    for _ in range(runs):
        noise = rng.uniform(0.001, 0.2)
        cells = {("noop", 0): single_cases("noop", 0, EVERY)}
        one = run(cells, costs(dict.fromkeys(RUNGS, 24.0)), noise=noise, processes=12, seed=rng.randrange(10**6))
        wrong += "DIFFERENT" in likeness(compare_transitions(paired_panels(one), HELD, RUNGS)).values()
    assert wrong / runs <= 0.05


def test_fresh_calls_have_transitions_and_are_not_compared() -> None:
    found = panels(costs(dict.fromkeys(RUNGS, 24.0)), size=8)
    assert len(transitions(found, HELD)) == 6
    assert {c.left.form for c in compare_transitions(found, HELD, RUNGS)} == {"prebound"}


def test_a_rung_without_its_twin_has_none() -> None:
    found = paired_panels(run({("noop", 0): single_cases("noop", 0, ("a", "a_free", "b_free"))}, costs({})))
    assert [t.case.rung for t in transitions(found, HELD)] == ["a_free"]
    assert compare_transitions(found, HELD, RUNGS) == []
