"""What wide crossings cost and save is told from their times, and the model's word is held against it."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ffi_spectrum.analysis.amortisation import Amortisation, amortise, mixtures
from ffi_spectrum.analysis.paired import paired_panels
from ffi_spectrum.case import Case

from ..parted import run, single_cases, wide_cases

CALLS = (1, 10, 100, 1000)
WORK = 1.0


def amortised(
    single: float, crossing: float, own: float, calls: tuple[int, ...] = CALLS, noise: float = 0.0
) -> Amortisation:
    """A single call's boundary, and what a list's crossing and each of its items cost beside the work."""

    def boundary(case: Case) -> float:
        count = dict(case.params).get("calls", 0)
        return crossing + own * count if count else single

    cells = {("noop", 0): [*single_cases("noop", 0, ("a",)), *wide_cases("noop", 0, "a", calls)]}
    (found,) = amortise(paired_panels(run(cells, boundary, lambda case: WORK, noise)))
    return found


@settings(max_examples=30, deadline=None)
@given(st.floats(1, 1e4), st.floats(0.5, 1e5), st.floats(-0.9, 20))
def test_the_line_is_recovered_and_predicts_what_lies_between(single: float, crossing: float, own: float) -> None:
    one = amortised(single, crossing, own)
    assert one.single.point == pytest.approx(single + WORK, rel=1e-3, abs=1e-3)
    assert one.crossing.point == pytest.approx(crossing, rel=1e-3, abs=1e-2)
    assert one.own.point == pytest.approx(own, rel=1e-3, abs=2e-3)
    assert one.item.point == pytest.approx(own + WORK, rel=1e-3, abs=2e-3)
    assert one.largest_error < 0.02
    assert one.on_line(10).point == pytest.approx(one.times[10].point, rel=0.02, abs=1e-3)
    assert one.predicted(10).point == pytest.approx(single / 10 + WORK, rel=1e-3, abs=1e-3)


@settings(max_examples=40, deadline=None)
@given(st.floats(5, 500), st.floats(0.5, 2000), st.floats(0.0, 3))
def test_half_the_time_from_where_arithmetic_says(single: float, crossing: float, own: float) -> None:
    one = amortised(single, crossing, own)
    gain = (single + WORK) / 2 - (own + WORK)
    exact = crossing / gain if gain > 0 else math.inf
    if exact < 0.99:
        assert one.halved_at.verdict == "always"
    elif 1.01 < exact < 0.98 * max(CALLS):
        assert one.halved_at.verdict == "somewhere"
        (range_,) = one.halved_at.ranges
        assert range_.start is not None
        assert range_.start.point == pytest.approx(exact, rel=0.01, abs=1.01)
        assert range_.start.point >= exact * 0.99
    elif exact > 1.02 * max(CALLS):
        assert one.halved_at.verdict in ("never", "outside")


def test_a_list_that_costs_more_per_item_than_half_a_call_never_halves_it() -> None:
    assert amortised(single=10.0, crossing=50.0, own=8.0).halved_at.verdict == "never"


def test_noise_widens_what_is_told() -> None:
    quiet, noisy = amortised(40.0, 90.0, 0.3), amortised(40.0, 90.0, 0.3, noise=0.05)
    (start,), (wide,) = ([r.start for r in one.halved_at.ranges] for one in (quiet, noisy))
    assert start is not None
    assert wide is not None
    assert wide.low <= start.point <= wide.high
    assert one_width(noisy) > one_width(quiet)


def one_width(one: Amortisation) -> float:
    return one.crossing.interval.high - one.crossing.interval.low


def test_a_line_that_does_not_hold_shows() -> None:
    """Items that cost ten times as much from 100 on: the line through both ends is far off between them."""

    def boundary(case: Case) -> float:
        count = dict(case.params).get("calls", 0)
        return 20.0 + (5.0 if count >= 100 else 0.5) * count if count else 30.0

    cells = {("noop", 0): [*single_cases("noop", 0, ("a",)), *wide_cases("noop", 0, "a", CALLS)]}
    (one,) = amortise(paired_panels(run(cells, boundary, lambda case: WORK)))
    assert one.largest_error > 0.5


def test_one_number_of_calls_or_no_single_call_tells_nothing() -> None:
    lists = wide_cases("noop", 0, "a", (1, 10))
    assert amortise(paired_panels(run({("noop", 0): lists}, lambda case: 5.0))) == []
    both = [*single_cases("noop", 0, ("a",)), *lists[:1]]
    assert amortise(paired_panels(run({("noop", 0): both}, lambda case: 5.0))) == []


def test_strategies_and_rungs_are_kept_apart_and_buffers_found_in_their_place() -> None:
    cells = {
        ("saxpy", 8): [
            *single_cases("saxpy", 8, ("a", "b")),
            *wide_cases("saxpy", 8, "a", CALLS),
            *wide_cases("saxpy", 8, "a", CALLS, "batched"),
            *wide_cases("saxpy", 8, "b", CALLS),
        ]
    }
    found = amortise(paired_panels(run(cells, lambda case: 40.0)))
    assert [(one.case.rung, one.case.strategy) for one in found] == [
        ("a", "replayed"), ("a", "batched"), ("b", "replayed"),
    ]  # fmt: skip
    assert all(one.case.params == () and list(one.times) == list(CALLS) for one in found)


def test_a_wide_call_to_another_process_is_held_against_the_single_one_between_the_same_cpus() -> None:
    wide = [case.with_params(cores=2) for case in wide_cases("noop", 0, "a", CALLS)]
    (single,) = single_cases("noop", 0, ("a",))
    apart, together = single.with_params(cores=2), single.with_params(cores=1)

    def boundary(case: Case) -> float:
        return {apart: 300.0, together: 5000.0}.get(case, 310.0)

    (one,) = amortise(paired_panels(run({("noop", 0): [together, apart, *wide]}, boundary, noise=0.0)))
    assert one.case.params == (("cores", 2),)
    assert list(one.times) == list(CALLS)
    assert one.single.point == pytest.approx(303.0, abs=1e-3)
    assert amortise(paired_panels(run({("noop", 0): [together, *wide]}, boundary, noise=0.0))) == []


def test_a_mixture_is_held_against_the_mean_of_both_loops() -> None:
    params = (("calls", 1000), ("mixed", 1))
    mixed = Case("add", 0, "a", "prebound", "host", strategy="replayed", params=params)
    ordered = Case("add", 0, "a", "prebound", "host", strategy="replayed", params=(*params, ("ordered", 1)))
    cells = {
        ("noop", 0): single_cases("noop", 0, ("a",)),
        ("add", 0): [*single_cases("add", 0, ("a",)), *wide_cases("add", 0, "a", CALLS), mixed, ordered],
    }

    def boundary(case: Case) -> float:
        # the crossing, and 1.5 ns (3.5 in order) beside the loop's 2 and 1 ns, of which `run` adds add's alone
        return 100.0 + 1000 * ((3.5 if case == ordered else 1.5) - 0.5) if "mixed" in dict(case.params) else 30.0

    results = run(cells, boundary, lambda case: 2.0 if case.kernel == "add" else 1.0, noise=0.0)
    found = mixtures(paired_panels(results), "noop")
    assert [(one.case, one.is_ordered, one.calls) for one in found] == [(mixed, False, 1000), (ordered, True, 1000)]
    assert [one.far.point for one in found] == pytest.approx([1.5, 1.5], abs=1e-3)
    assert [one.added.point for one in found] == pytest.approx([1.6, 3.6], abs=1e-3)
    (lists,) = amortise(paired_panels(results))  # neither of the two stands among the lists of one kernel
    assert lists.times[1000].point == pytest.approx(30 / 1000 + 2, abs=1e-3)
    assert mixtures(paired_panels(results), "sum8") == []
