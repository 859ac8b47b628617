"""One compiled function per case: the user's call inlined into a loop, with nothing wrapped around it."""

from __future__ import annotations

from collections.abc import Callable
from itertools import repeat
from time import perf_counter_ns
from typing import Any

import numpy as np

from ffi_spectrum.rungs.base import BoundCall, Buffers, Rung

Clock = Callable[[], int]
Block = Callable[[int], int]

EMPTY = BoundCall("", {})


def _compile(body: list[str], extra: tuple[str, ...], names: tuple[str, ...]) -> Callable[..., Any]:
    """Compile a function of its own: its inline caches and its code object are shared with no other case."""
    source = "\n".join([f"def _block({', '.join((*extra, *names))}):", *(f"    {line}" for line in body)])
    namespace: dict[str, Any] = {}
    exec(compile(source, "<block>", "exec"), namespace)  # noqa: S102 - generated here from bound calls, never from input
    compiled: Callable[..., Any] = namespace["_block"]
    return compiled


def compile_block(bound: BoundCall, clock: Clock = perf_counter_ns) -> Block:
    """A function that makes the call `times` times and returns the elapsed nanoseconds.

    Every name of the call is a local variable of the loop, as it is in a function that a user writes.
    """
    lines = [*bound.before, bound.call or "pass", *bound.after]
    body = [
        "_start = _clock()",
        "for _ in _times:",
        *(f"    {line}" for line in lines),
        "return _clock() - _start",
    ]
    compiled = _compile(body, ("_times", "_clock"), tuple(bound.names))
    values = tuple(bound.names.values())

    def block(times: int) -> int:
        elapsed_ns: int = compiled(repeat(None, times), clock, *values)
        return elapsed_ns

    return block


def compile_far_block(bound: BoundCall, clock: Clock = perf_counter_ns) -> Block:
    """A function that crosses once for `times` calls on the far side and returns the elapsed nanoseconds."""
    body = ["_start = _clock()", bound.call, "return _clock() - _start"]
    names = tuple(name for name in bound.names if name != "times")
    compiled = _compile(body, ("times", "_clock"), names)
    values = tuple(bound.names[name] for name in names)

    def block(times: int) -> int:
        elapsed_ns: int = compiled(times, clock, *values)
        return elapsed_ns

    return block


def call_once(bound: BoundCall) -> Any:
    """Make the call once, with its statements before and after, and return the value of its expression."""
    body = [*bound.before, f"_value = {bound.call}", *bound.after, "return _value"]
    return _compile(body, (), tuple(bound.names))(*bound.names.values())


def outputs_of(rung: Rung, buffers: Buffers, bound: BoundCall, value: Any) -> dict[str, Any]:
    """Everything that the call produced, by name: "return" (unless the value is an output) and each output."""
    outputs = dict(rung.fetch(buffers))
    if bound.value_of == "return":
        return outputs | {"return": value}
    handed_back = np.frombuffer(value, np.uint8) if isinstance(value, bytes) else np.asarray(value)
    return outputs | {bound.value_of: handed_back}
