"""The generated loop runs the call as written, as often as asked, and reads the clock around it only."""

from __future__ import annotations

import inspect
from collections.abc import Callable

import pytest

from ffi_spectrum.measure.loop import EMPTY, call_once, compile_block, compile_far_block
from ffi_spectrum.rungs.base import BoundCall


def fake_clock(step_ns: int) -> Callable[[], int]:
    now = 0

    def clock() -> int:
        nonlocal now
        now += step_ns
        return now

    return clock


@pytest.mark.parametrize("times", [0, 1, 7, 1000])
def test_the_call_runs_exactly_as_often_as_asked(times: int) -> None:
    calls: list[tuple[int, str]] = []
    bound = BoundCall("note(a, b)", {"note": lambda a, b: calls.append((a, b)), "a": 3, "b": "x"})
    compile_block(bound)(times)
    assert calls == [(3, "x")] * times


def test_elapsed_is_the_difference_of_two_clock_reads() -> None:
    assert compile_block(EMPTY, fake_clock(17))(1000) == 17


def test_time_that_passes_inside_the_call_is_measured() -> None:
    now = [0]

    def work() -> None:
        now[0] += 5

    assert compile_block(BoundCall("work()", {"work": work}), lambda: now[0])(10) == 50


def test_statements_before_and_after_run_around_each_call() -> None:
    log: list[str] = []
    bound = BoundCall("log.append('call')", {"log": log}, ("log.append('in')",), ("log.append('out')",))
    compile_block(bound)(2)
    assert log == ["in", "call", "out"] * 2


def test_every_case_has_a_code_object_of_its_own() -> None:
    bound = BoundCall("f()", {"f": lambda: None})
    first, second = compile_block(bound), compile_block(bound)
    compiled = [inspect.getclosurevars(block).nonlocals["compiled"] for block in (first, second)]
    assert compiled[0].__code__ is not compiled[1].__code__


def test_the_callable_is_called_without_a_wrapper() -> None:
    import sys

    depths: list[int] = []

    def depth() -> None:
        frame, count = sys._getframe(), 0
        while frame.f_back is not None:
            frame, count = frame.f_back, count + 1
        depths.append(count)

    def reference() -> None:
        depth()

    reference()
    compile_block(BoundCall("depth()", {"depth": depth}))(1)
    # caller -> block -> compiled loop -> callable: one frame more than caller -> reference -> callable
    assert depths[1] - depths[0] == 1


def test_far_block_crosses_once_and_passes_the_count() -> None:
    seen: list[int] = []
    bound = BoundCall("loop(times, a)", {"loop": lambda times, a: seen.append(times * a), "times": 1, "a": 2})
    assert compile_far_block(bound, fake_clock(9))(50) == 9
    assert seen == [100]


def test_call_once_returns_the_value() -> None:
    assert call_once(BoundCall("a + b", {"a": 2, "b": 3})) == 5


def test_an_exception_of_the_call_passes_through() -> None:
    with pytest.raises(ZeroDivisionError):
        compile_block(BoundCall("1 / zero", {"zero": 0}))(1)


def test_setup_and_teardown_stand_outside_of_the_time_and_finish_inside() -> None:
    now = [0]

    def spend(ns: int) -> None:
        now[0] += ns

    bound = BoundCall(
        "spend(5)", {"spend": spend}, setup=("spend(1000)",), finish=("spend(70)",), teardown=("spend(2000)",)
    )
    assert compile_block(bound, lambda: now[0])(10) == 10 * 5 + 70
    far = BoundCall("spend(times)", {"spend": spend, "times": 1}, setup=("spend(1000)",), teardown=("spend(2000)",))
    assert compile_far_block(far, lambda: now[0])(7) == 7
    assert now[0] == 1000 + 120 + 2000 + 1000 + 7 + 2000


def test_a_call_that_is_finished_later_gives_what_finish_left() -> None:
    log: list[str] = []
    bound = BoundCall(
        "log.append('submit')", {"log": log}, setup=("log.append('wake')",),
        finish=("_value = log.append('drain') or 42",), teardown=("log.append('park')",),
    )  # fmt: skip
    assert call_once(bound) == 42
    assert log == ["wake", "submit", "drain", "park"]
