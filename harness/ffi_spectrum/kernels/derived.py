"""Kernels made from kernels: one call over a structure of arrays, and a recorded list of calls.

They are specs like any other, so that every rung can place, bind and check them without knowing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ffi_spectrum.kernels.spec import Argument, Dims, Expression, KernelSpec, Missing, Values
from ffi_spectrum.kernels.workload import Workload

if TYPE_CHECKING:
    import numpy.typing as npt

COUNT, STRIDE, WORDS, RESULTS = "ffis_count", "ffis_stride", "ffis_words", "ffis_results"
NOTHING_CROSSED = Missing("nothing is crossed, so that there is nothing to batch or to replay")
# What NumPy does with a whole batch at once.
_NUMPY = {
    "add": Expression("add(a, b, ffis_results)", {"add": np.add}),
    "relu": Expression("maximum(x, 0, out)", {"maximum": np.maximum}),
}


def batched(kernel: KernelSpec, calls: int) -> KernelSpec:
    """`ffis_batch_K`: `calls` calls by one crossing, over a structure of arrays.

    Scalars become arrays of `calls`, buffers get a first dimension of it, results become the array `ffis_results`;
    lengths and other uint32 values stay as they are, common to all calls. See toolchain/batch_source.py.
    """

    def dims(size: int) -> dict[str, int]:
        own = kernel.dims(size)
        return own | {COUNT: calls} | {_step(a): math.prod(own[name] for name in a.shape) for a in kernel.buffers}

    def inputs(rng: np.random.Generator, dims: Dims) -> dict[str, Any]:
        items = [_varied(kernel, kernel.inputs(rng, dims), i) for i in range(calls)]
        return {
            a.name: items[0][a.name] if a.role == "scalar" else np.stack([_array(item[a.name], a) for item in items])
            for a in arguments
            if a.name in items[0]
        }

    def oracle(values: Values, dims: Dims) -> dict[str, Any]:
        answers = [kernel.oracle(item, dims) for item in _items(kernel, values, calls)]
        stacked = {name: np.stack([np.asarray(answer[name]) for answer in answers]) for name in answers[0]}
        return {RESULTS if name == "return" else name: value for name, value in stacked.items()}

    arguments = tuple(_widened(kernel))
    return replace(
        kernel,
        name=f"batch_{kernel.name}", summary=f"{calls} times: {kernel.summary}", arguments=arguments, dims=dims,
        inputs=inputs, oracle=oracle, operations=lambda own: calls * kernel.operations(own), returns="",
        python=Expression(""), stdlib=NOTHING_CROSSED, numpy=_NUMPY.get(kernel.name, NOTHING_CROSSED),
    )  # fmt: skip


def _varied(kernel: KernelSpec, values: dict[str, Any], i: int) -> dict[str, Any]:
    """Scalars that differ from call to call, by little, as tolerances are made for values of a few units."""
    scalars = {a.name: i % 4 / 4 if a.dtype.startswith("float") else i for a in kernel.arguments if a.role == "scalar"}
    return {name: value + scalars[name] if name in scalars else value for name, value in values.items()}


def _widened(kernel: KernelSpec) -> list[Argument]:
    found = [Argument(COUNT, "length", "uint32")]
    for a in kernel.arguments:
        if a.is_buffer:
            found += [Argument(a.name, a.role, a.element, (COUNT, *a.shape)), Argument(_step(a), "length", "uint32")]
        elif a.role == "scalar" and a.dtype != "uint32":
            found.append(Argument(a.name, "in", a.dtype, (COUNT,)))
        else:
            found.append(a)
    return [*found, Argument(RESULTS, "out", kernel.returns, (COUNT,))] if kernel.returns else found


def _step(argument: Argument) -> str:
    return f"ffis_{argument.name}_step"


def _array(value: Any, argument: Argument) -> npt.NDArray[Any]:
    return np.frombuffer(value, np.uint8) if isinstance(value, bytes) else np.asarray(value, argument.element)


def _items(kernel: KernelSpec, values: Values, calls: int) -> list[Mapping[str, Any]]:
    """The single calls of a batch, as the kernel's own oracle takes them."""
    is_bytes = {a.name for a in kernel.buffers if a.dtype == "bytes"}
    names = [a.name for a in kernel.arguments if a.name in values]
    shared = {a.name for a in kernel.arguments if a.role == "scalar" and a.dtype == "uint32"}
    buffers = {a.name for a in kernel.buffers}

    def one(name: str, i: int) -> Any:
        if name in shared:
            return values[name]
        row = values[name][i]
        if name in is_bytes:
            return row.tobytes()
        return row if name in buffers else row.item()

    return [{name: one(name, i) for name in names} for i in range(calls)]


def replayed(words: npt.NDArray[np.uint64]) -> Workload:
    """`ffis_replay` as a workload: a recorded list, one row of `words` per call (toolchain/batch_source.py).

    The rows are read, and results are written into them.
    """
    count, stride = words.shape
    spec = KernelSpec(
        name="replay", summary="a recorded list of calls",
        arguments=(
            Argument(WORDS, "in", "uint64", (COUNT, STRIDE)),
            Argument(COUNT, "length", "uint32"),
            Argument(STRIDE, "length", "uint32"),
        ),
        dims=lambda size: {COUNT: count, STRIDE: stride},
        inputs=lambda rng, dims: {WORDS: words}, oracle=lambda values, dims: {}, operations=lambda dims: 0,
        python=Expression(""), stdlib=NOTHING_CROSSED, numpy=NOTHING_CROSSED,
    )  # fmt: skip
    return Workload(spec, 0, spec.dims(0), {WORDS: words})
