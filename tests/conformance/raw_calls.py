"""A rung's own call with one thing wrong, made without the harness's check, to see what the rung itself refuses."""

from __future__ import annotations

import ast
import ctypes
import re
import struct
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np

from ffi_spectrum.errors import FFISpectrumError
from ffi_spectrum.kernels.spec import Argument, KernelSpec
from ffi_spectrum.kernels.table import KERNELS
from ffi_spectrum.kernels.workload import Workload, make_workload
from ffi_spectrum.rungs.base import BoundCall, Check, Rung

from .agreement import bind
from .bad_values import NOTHING, SPOILS, shorter
from .cells import ways

# Small, and with m, k >= 2 for the matrix kernels
SIZE = 12
BadCall = tuple[str, BoundCall]


def refusals() -> tuple[type[Exception], ...]:
    """What a binding raises at a bad argument: Python's own exceptions, or those of its tool.

    AttributeError: `x.ctypes` or `x.tolist()` of something that is no ndarray.
    """
    own = (TypeError, ValueError, OverflowError, BufferError, AttributeError, ctypes.ArgumentError, struct.error)
    if find_spec("wasmtime") is None:
        return (*own, FFISpectrumError)
    return (*own, FFISpectrumError, import_module("wasmtime").WasmtimeError)


REFUSALS = refusals()


def fresh_calls(rung: Rung, check: Check) -> Iterator[tuple[Workload, BoundCall]]:
    """Each kernel's call on what the caller holds: fresh, or prebound where only scalars cross."""
    for kernel in KERNELS.values():
        if rung.missing(kernel, SIZE):
            continue
        for way in ways(rung.info.name, kernel):
            if way.form == "fresh" or kernel.is_scalar:
                workload = make_workload(kernel, SIZE)
                buffers = rung.place(workload, way.placement)
                yield workload, bind(rung, buffers, way)


def with_argument(bound: BoundCall, change: Callable[[list[ast.expr]], Any]) -> BoundCall:
    """The call with `change` made to the positional arguments of its outermost function."""
    tree = ast.parse(bound.call, mode="eval")
    outermost = next(node for node in ast.walk(tree) if isinstance(node, ast.Call))
    change(outermost.args)
    return replace(bound, call=ast.unparse(tree))


def miscounted_call(bound: BoundCall) -> Iterator[BadCall]:
    """The call without its last argument."""
    if "()" not in bound.call:
        yield "one argument too few", with_argument(bound, list.pop)


def surplus_call(bound: BoundCall) -> BoundCall:
    """The call with one argument more."""
    return with_argument(bound, lambda arguments: arguments.append(ast.Constant(None)))


def bad_calls(rung: Rung, check: Check, workload: Workload, bound: BoundCall) -> Iterator[BadCall]:
    """Every way to violate `check` in one argument of the call."""
    if check == "count":
        yield from miscounted_call(bound)
        return
    for argument in workload.kernel.arguments:
        if argument.name not in bound.names:
            continue
        right = bound.names[argument.name]
        for what, wrong in wrong_values(rung, check, workload.kernel, argument, right, bound):
            yield f"{what} for {argument.name}", replace(bound, names={**bound.names, argument.name: wrong})


def wrong_values(
    rung: Rung, check: Check, kernel: KernelSpec, argument: Argument, right: Any, bound: BoundCall
) -> Iterator[tuple[str, Any]]:
    """The values that violate `check` for one argument, with a word for each."""
    is_integer = argument.dtype.lstrip("u").startswith("int") and not argument.is_buffer
    if check == "type":
        yield from (("object()", object()), ("str", "text"))
        if is_integer and rung.info.agreement == "bit-identical":  # Python's own functions take any number
            yield "float", 1.5
        if "length" in rung.info.checks:  # without, None is C's NULL, as it is to ctypes
            yield "None", None
    elif check == "range" and is_integer:
        limits = np.iinfo(argument.dtype)
        yield from (("above", int(limits.max) + 1), ("below", int(limits.min) - 1))
    elif check == "length" and argument.is_buffer and _length_is_known_otherwise(kernel, argument, bound):
        yield "too short", shorter(argument, right)
    else:
        hows = {
            "dtype": ("wrong dtype", "same width, other kind", "other byte order"),
            "contiguous": ("not contiguous",),
            "writable": ("read-only output",),
        }
        for how in hows.get(check, ()):
            wrong = SPOILS[how](argument, right)
            if wrong is not NOTHING:
                yield how, wrong


def _length_is_known_otherwise(kernel: KernelSpec, argument: Argument, bound: BoundCall) -> bool:
    """True where the call says, beside this buffer, how long it has to be: in a length or in another buffer."""
    lengths = {a.name for a in kernel.arguments if a.role == "length" and a.name in bound.names}
    others = {name for other in kernel.buffers if other is not argument for name in other.shape}
    named = {word for name in argument.shape for word in re.findall(r"\w+", kernel.derived.get(name, name))}
    return bool(named & (lengths | others))
