"""Sleepers measure by how much they overslept, on clocks that the test advances."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from ffi_spectrum.measure import waits
from ffi_spectrum.measure.waits import PERIOD_NS, call_in_loop, direct, sleep_in_loop, sleep_until, waits_in_loop


class Clock:
    def __init__(self) -> None:
        self.now = 0

    def __call__(self) -> int:
        return self.now


def test_a_thread_that_oversleeps_says_by_how_much() -> None:
    clock, late = Clock(), iter([0, 5_000, 9_000_000, 100])

    def sleep(seconds: float) -> None:
        clock.now += round(seconds * 1e9) + next(late)

    assert sleep_until(4 * PERIOD_NS, clock, sleep) == [0, 5_000, 9_000_000]
    assert sleep_until(clock.now, clock, sleep) == []


def test_a_coroutine_that_oversleeps_says_by_how_much(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, late = Clock(), iter([7, 3 * PERIOD_NS])

    async def sleep(seconds: float) -> None:
        clock.now += round(seconds * 1e9) + next(late)

    monkeypatch.setattr("asyncio.sleep", sleep)
    assert asyncio.run(sleep_in_loop(2 * PERIOD_NS, clock)) == [7, 3 * PERIOD_NS]


def test_calls_follow_each_other_until_the_end() -> None:
    clock = Clock()

    async def call() -> None:
        clock.now += 10

    assert asyncio.run(call_in_loop(25, call, clock)) == 3
    assert asyncio.run(call_in_loop(25, call, clock)) == 0


def test_a_direct_call_runs_in_the_loop_and_lets_others_run_after_it() -> None:
    log: list[str] = []

    async def other() -> None:
        log.append("other")

    async def both() -> None:
        await asyncio.gather(direct(lambda: log.append("call")), other())
        log.append("end")

    asyncio.run(both())
    assert log == ["call", "other", "end"]


@pytest.mark.parametrize("is_calling", [True, False])
def test_calls_are_counted_while_a_coroutine_sleeps(monkeypatch: pytest.MonkeyPatch, is_calling: bool) -> None:
    async def sleep(end_ns: int) -> list[int]:
        return [1, 2]

    async def calls(end_ns: int, call: Callable[[], Awaitable[object]]) -> int:
        await call()
        return 5

    made = []

    async def call() -> None:
        made.append(1)

    monkeypatch.setattr(waits, "sleep_in_loop", sleep)
    monkeypatch.setattr(waits, "call_in_loop", calls)
    found = asyncio.run(waits_in_loop(1_000, call if is_calling else None))
    assert found.late_ns == [1, 2]
    assert (found.calls, len(made)) == ((5, 1) if is_calling else (0, 0))
