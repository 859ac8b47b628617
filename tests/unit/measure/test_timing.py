"""Calibration and rounds, on blocks whose time is computed, not measured."""

from __future__ import annotations

import itertools
import random

import pytest

from ffi_spectrum.measure.schedule import latin_rounds
from ffi_spectrum.measure.timing import MIN_BLOCKS, MIN_FAR_ITERATIONS, Item, calibrate, time_rounds


def block_of(ns_per_call: float, first_extra_ns: int = 0, log: list[int] | None = None) -> Item:
    calls = [0]

    def block(times: int) -> int:
        if log is not None:
            log.append(times)
        extra = first_extra_ns if calls[0] == 0 else 0
        calls[0] += 1
        return round(times * ns_per_call) + extra

    return Item(block, 0)


@pytest.mark.parametrize("ns_per_call", [0.3, 1.0, 24, 331, 7_000, 29_650])
def test_blocks_come_close_to_the_aim(ns_per_call: float) -> None:
    item = block_of(ns_per_call)
    calibrate(item, 100_000, 12)
    assert item.iterations * ns_per_call == pytest.approx(100_000, rel=0.25)
    assert item.every == 1


def test_the_slow_first_call_does_not_decide() -> None:
    item = block_of(100, first_extra_ns=50_000_000)
    calibrate(item, 100_000, 12)
    assert item.iterations == pytest.approx(1000, rel=0.25)


def test_a_case_slower_than_a_block_gets_one_call_in_fewer_rounds() -> None:
    item = block_of(2_000_000)
    calibrate(item, 100_000, 12)
    assert item.iterations == 1
    assert item.every == 12 // MIN_BLOCKS


def test_a_far_side_keeps_its_least_number_of_calls() -> None:
    log: list[int] = []
    item = block_of(1_000_000, log=log)
    item.is_far = True
    calibrate(item, 100_000, 12)
    assert item.iterations == MIN_FAR_ITERATIONS
    assert set(log) == {1, MIN_FAR_ITERATIONS}


def test_a_far_sides_crossing_is_not_taken_for_its_work() -> None:
    noise = itertools.cycle([0, 26_000, 0, 0, 30_000, 0, 0])  # a crossing that sometimes takes twice as long
    item = Item(lambda times: 28_000 + next(noise) + times, 0, is_far=True)
    calibrate(item, 50_000, 12)
    assert item.iterations > 20_000


def test_every_item_is_timed_in_its_rounds_and_blamed_while_it_runs() -> None:
    fast, slow = block_of(10), block_of(20)
    fast.index, slow.index, slow.every, fast.iterations = 4, 7, 3, 5
    marks: list[int] = []
    assert time_rounds([fast, slow], latin_rounds(2, 9, random.Random(0)), marks.append) == []
    assert fast.rounds == list(range(9))
    assert slow.rounds == [0, 3, 6]
    assert fast.elapsed_ns == [50] * 9
    assert sorted(marks) == [4] * 9 + [7] * 3


def test_a_clock_that_goes_backwards_disturbs_its_round_and_nothing_is_thrown_away() -> None:
    times = iter([5, -5, 6, 7, 8])
    item = Item(lambda _: next(times), 0)
    assert time_rounds([item], [[0]] * 4, lambda _: None) == [1]
    assert item.elapsed_ns == [5, -5, 6, 7, 8]
    assert item.rounds == [0, 1, 2, 3, 4]


def test_a_round_with_an_involuntary_switch_is_measured_again_whatever_its_value() -> None:
    count = iter([0, 0, 0, 1, 1, 1, 1, 1, 1, 1])
    item = block_of(10)
    assert time_rounds([item], [[0]] * 4, lambda _: None, lambda: next(count)) == [1]
    assert item.rounds == [0, 1, 2, 3, 4]


def test_on_a_machine_that_never_rests_the_rounds_end() -> None:
    count = itertools.count()
    item = block_of(10)
    assert time_rounds([item], [[0]] * 4, lambda _: None, lambda: next(count)) == [0, 1, 2, 3, 4, 5]


def test_a_block_has_the_fewest_calls_that_its_item_asks_for() -> None:
    asked: list[int] = []

    def slow(times: int) -> int:
        asked.append(times)
        return times * 300_000

    item = Item(slow, 0, least=32)
    calibrate(item, 50_000, 12)
    assert item.iterations == 32
    assert min(asked) >= 32
    assert item.every == 4
