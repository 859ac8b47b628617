"""Two tables of `threads`: what several threads gain and another one waits for, and what an event loop waits for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ffi_spectrum.analysis.interval import Interval
from ffi_spectrum.analysis.threads import Lateness, ThreadsEstimate
from ffi_spectrum.report.numbers import NOTHING, half_width, ratio, scale_of
from ffi_spectrum.report.remote import Sheet

LATE = ("p50", "p99", "max")
CONTROLS = {"thread": "idle_thread", "to_thread": "idle_loop", "direct": "idle_loop"}
NOBODY = "(no calls)"
LEGEND = (
    "2 threads: calls per second relative to one thread, median over processes with its 95 % interval; each thread "
    "has an instance of the rung of its own (a guest, a worker). floor is what this machine allows. Kernel: spin, "
    "unless a rung has only crc32 or matmul.",
    "p50, p99, max: how much later than asked for another Python thread, or a coroutine, wakes from a sleep of 1 ms "
    "while one thread makes calls of the length in the column call.",
    "stalls: another thread mostly waits for the end of a call. takes turns: it need not, but two threads do "
    "no more than one. scales: two threads do more.",
)
LOOP_LEGEND = (
    "to_thread: the calls go through asyncio.to_thread. direct: a coroutine makes them in the loop and gives way "
    "after each; waking from asyncio.sleep takes two turns of the loop, so others may wait for up to three calls.",
)


def busy_lines(estimates: Iterable[ThreadsEstimate]) -> list[str]:
    """What other programs did to the figures."""
    every = [one for one in estimates if one.disturbed]
    unresolved = [one.way for one in every if one.verdict == "unresolved"]
    lines = []
    if every:
        count = sum(one.disturbed for one in every)
        lines.append(
            f"Others used more than a tenth of a CPU during {count} processes: left out where they are a minority."
        )
    if unresolved:
        lines.append(f"UNRESOLVED, too few quiet processes: {', '.join(unresolved)}. Measure again, into another file.")
    return lines


def threads_sheets(estimates: Iterable[ThreadsEstimate]) -> Iterator[Sheet]:
    """What was measured; empty without it."""
    measured = [one for one in estimates if one.status == "ok"]
    if not measured:
        return
    counts = sorted({count for one in measured for count in one.scaling or {}})
    headers = ("rung", "verdict", "kernel", "call", *(f"{count} threads" for count in counts), *LATE)
    idle = [
        (NOBODY, NOTHING, NOTHING, NOTHING, *(NOTHING for _ in counts), *late) for late in _idle(measured, "thread")
    ]
    rows = [_thread_row(one, counts) for one in measured]
    yield Sheet("Threads: what they gain, and how late another one wakes", headers, (*idle, *rows), 3)
    loop = ("rung", *(f"to_thread {name}" for name in LATE), *(f"direct {name}" for name in LATE))
    idle = [(NOBODY, *late, *(NOTHING for _ in LATE)) for late in _idle(measured, "to_thread")]
    rows = [(one.way, *_late(one, "to_thread"), *_late(one, "direct")) for one in measured]
    yield Sheet("asyncio: how late a coroutine wakes", loop, (*idle, *rows), 1)


def _thread_row(one: ThreadsEstimate, counts: Iterable[int]) -> tuple[str, ...]:
    gains = [_ratio((one.scaling or {}).get(count)) for count in counts]
    return (one.way, one.verdict or NOTHING, one.kernel, _time(one.call_ns), *gains, *_late(one, "thread"))


def _idle(measured: Iterable[ThreadsEstimate], name: str) -> Iterator[tuple[str, ...]]:
    """The control's row, where it was measured."""
    control = CONTROLS[name]
    yield from (_late(one, control) for one in measured if control in (one.lateness or {}))


def _late(one: ThreadsEstimate, name: str) -> tuple[str, ...]:
    found: Lateness | None = (one.lateness or {}).get(name)
    return tuple(NOTHING for _ in LATE) if found is None else tuple(map(_time, (found.p50, found.p99, found.max)))


def _ratio(found: Interval | None) -> str:
    return NOTHING if found is None else f"{found.point:.2f} ±{ratio(half_width(found.point, found.low, found.high))}"


def _time(ns: float | None) -> str:
    return NOTHING if ns is None else scale_of(ns).time(ns)
