"""The timed loop as source text, compiled once per case.

This module and `timing` import nothing but built-in modules: a light worker starts in 15 ms because of it.
"""

from __future__ import annotations

from itertools import repeat
from time import perf_counter_ns

TYPE_CHECKING = False  # importing it from typing would cost 8 ms of a light worker's start
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    Clock = Callable[[], int]
    Block = Callable[[int], int]
else:
    Clock = Block = object


def compile_function(body: Sequence[str], parameters: Sequence[str]) -> Callable[..., Any]:
    """Compile a function of its own: its inline caches and its code object are shared with no other case."""
    source = "\n".join([f"def _block({', '.join(parameters)}):", *(f"    {line}" for line in body)])
    namespace: dict[str, Callable[..., Any]] = {}
    exec(compile(source, "<block>", "exec"), namespace)  # noqa: S102 - what is compiled is what the caller asks to time
    return namespace["_block"]


def compile_loop(
    call: str,
    names: Mapping[str, Any],
    before: Sequence[str],
    after: Sequence[str],
    clock: Clock = perf_counter_ns,
    setup: Sequence[str] = (),
    finish: Sequence[str] = (),
    teardown: Sequence[str] = (),
) -> Block:
    """A function that makes the call `times` times and returns the elapsed nanoseconds.

    Every name is a local variable of the loop, as in a function that a user writes. An empty call gives the empty loop.
    `setup` and `teardown` stand outside of what is timed, `finish` stands behind the loop and inside.
    """
    lines = [*before, call or "pass", *after]
    body = ["for _turn in _times:", *(f"    {line}" for line in lines), *finish]
    compiled = compile_function(_timed(body, setup, teardown), ("_times", "_clock", *names))
    values = tuple(names.values())

    def block(times: int) -> int:
        elapsed_ns: int = compiled(repeat(None, times), clock, *values)
        return elapsed_ns

    return block


def _timed(body: Sequence[str], setup: Sequence[str], teardown: Sequence[str]) -> list[str]:
    if not teardown:
        return [*setup, "_start = _clock()", *body, "return _clock() - _start"]
    return [*setup, "_start = _clock()", *body, "_elapsed = _clock() - _start", *teardown, "return _elapsed"]


def compile_crossing(
    call: str,
    names: Mapping[str, Any],
    clock: Clock = perf_counter_ns,
    setup: Sequence[str] = (),
    teardown: Sequence[str] = (),
) -> Block:
    """A function that makes the call once, its name `times` being the argument, and returns the elapsed nanoseconds."""
    rest = tuple(name for name in names if name != "times")
    compiled = compile_function(_timed([call], setup, teardown), ("times", "_clock", *rest))
    values = tuple(names[name] for name in rest)

    def block(times: int) -> int:
        elapsed_ns: int = compiled(times, clock, *values)
        return elapsed_ns

    return block
