"""A bound call in a loop: the user's call inlined, with nothing wrapped around it."""

from __future__ import annotations

from time import perf_counter_ns
from typing import Any

import numpy as np

from ffi_spectrum.measure.compiled import Block, Clock, compile_crossing, compile_function, compile_loop
from ffi_spectrum.rungs.base import BoundCall, Buffers, Rung

EMPTY = BoundCall("", {})


def compile_block(bound: BoundCall, clock: Clock = perf_counter_ns) -> Block:
    """A function that makes the call `times` times and returns the elapsed nanoseconds."""
    return compile_loop(
        bound.call, bound.names, bound.before, bound.after, clock, bound.setup, bound.finish, bound.teardown
    )


def compile_far_block(bound: BoundCall, clock: Clock = perf_counter_ns) -> Block:
    """A function that crosses once for `times` calls on the far side and returns the elapsed nanoseconds."""
    return compile_crossing(bound.call, bound.names, clock, bound.setup, bound.teardown)


def call_once(bound: BoundCall) -> Any:
    """Make the call once, with the statements around it, and return the value of its expression, or of `finish`."""
    body = [*bound.setup, *bound.before, f"_value = {bound.call}", *bound.after, *bound.finish, *bound.teardown]
    body.append("return _value")
    return compile_function(body, tuple(bound.names))(*bound.names.values())


def outputs_of(rung: Rung, buffers: Buffers, bound: BoundCall, value: Any) -> dict[str, Any]:
    """Everything that the call produced, by name: "return" (unless the value is an output) and each output."""
    outputs = dict(rung.fetch(buffers))
    if bound.value_of == "return":
        return outputs | {"return": value}
    handed_back = np.frombuffer(value, np.uint8) if isinstance(value, bytes) else np.asarray(value)
    return outputs | {bound.value_of: handed_back}
