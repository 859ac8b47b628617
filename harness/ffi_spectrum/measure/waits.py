"""How late a sleeper wakes up: a thread, or a coroutine of an event loop, while others make calls."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from ffi_spectrum.results.threads import Waits

Clock = Callable[[], int]
PERIOD_NS = 1_000_000


def sleep_until(
    end_ns: int, clock: Clock = time.perf_counter_ns, sleep: Callable[[float], object] = time.sleep
) -> list[int]:
    """Sleep for PERIOD_NS again and again; returns by how much more each sleep lasted."""
    late_ns: list[int] = []
    now = clock()
    while now < end_ns:
        sleep(PERIOD_NS * 1e-9)
        woken = clock()
        late_ns.append(woken - now - PERIOD_NS)
        now = woken
    return late_ns


async def sleep_in_loop(end_ns: int, clock: Clock = time.perf_counter_ns) -> list[int]:
    """The same as a coroutine."""
    late_ns: list[int] = []
    now = clock()
    while now < end_ns:
        await asyncio.sleep(PERIOD_NS * 1e-9)
        woken = clock()
        late_ns.append(woken - now - PERIOD_NS)
        now = woken
    return late_ns


async def call_in_loop(end_ns: int, call: Callable[[], Awaitable[object]], clock: Clock = time.perf_counter_ns) -> int:
    """Make calls one after the other, giving way to the loop between them; returns how many."""
    calls = 0
    while clock() < end_ns:
        await call()
        calls += 1
    return calls


async def direct(call: Callable[[], object]) -> None:
    """A call within the loop itself: nothing else runs in it meanwhile."""
    call()
    await asyncio.sleep(0)


async def waits_in_loop(window_ns: int, call: Callable[[], Awaitable[object]] | None) -> Waits:
    """What a coroutine sees while another makes calls, or (None) while the loop has nothing else to do."""
    started_ns = time.perf_counter_ns()
    end_ns = started_ns + window_ns
    if call is None:
        return Waits(0, window_ns, await sleep_in_loop(end_ns))
    late_ns, calls = await asyncio.gather(sleep_in_loop(end_ns), call_in_loop(end_ns, call))
    return Waits(calls, time.perf_counter_ns() - started_ns, late_ns)
