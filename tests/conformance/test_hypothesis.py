"""Shapes and values from Hypothesis, through every rung, against the oracle."""

from __future__ import annotations

import math
from typing import Any, Literal

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from ffi_spectrum.kernels.spec import Argument, KernelSpec
from ffi_spectrum.kernels.workload import Workload, check_outputs

from .agreement import Reference, difference, run
from .cells import pairs, ways
from .data import special_values, without_subnormals
from .opened import OpenRungs
from .vectors import element_count

LARGEST_SIZE = 300
EXAMPLES = 40


def dims_of(kernel: KernelSpec) -> st.SearchStrategy[dict[str, int]]:
    """The kernel's own dimensions for any size; where it has several free ones (matrices), any combination too."""
    by_size = st.integers(0, LARGEST_SIZE).map(kernel.dims)
    lengths = [argument.name for argument in kernel.arguments if argument.role == "length"]
    if len(lengths) < 2:
        return by_size
    free = st.fixed_dictionaries({name: st.integers(0, math.isqrt(LARGEST_SIZE)) for name in lengths})
    return by_size | free


def numbers_of(kernel: KernelSpec, dtype: str) -> st.SearchStrategy[float]:
    """Every bit pattern where the kernel rounds nothing; else numbers of the size that its tolerance is stated for."""
    width: Literal[32, 64] = 32 if dtype == "float32" else 64
    if kernel.tolerance.relative == 0:
        return st.floats(width=width)
    ordinary = st.floats(-1.0, 1.0, width=width)
    return ordinary | st.sampled_from(special_values(dtype)).filter(lambda v: not 1.0 < abs(v) < math.inf)


@st.composite
def float_array(draw: st.DrawFn, kernel: KernelSpec, dtype: str, shape: tuple[int, ...]) -> Any:
    """An array made of up to 16 drawn numbers, in an order that a drawn seed gives: quick to draw, and to shrink."""
    numbers = draw(st.lists(numbers_of(kernel, dtype), min_size=1, max_size=16))
    rng = np.random.default_rng(draw(st.integers(0, 2**16)))
    with np.errstate(all="ignore"):
        return np.array(numbers, dtype)[rng.integers(0, len(numbers), shape)]


def value_of(kernel: KernelSpec, argument: Argument, dims: dict[str, int]) -> st.SearchStrategy[Any]:
    """Any value of one argument; outputs start as zeros."""
    shape = tuple(dims[name] for name in argument.shape)
    if argument.role == "out":
        return st.builds(np.zeros, st.just(shape), st.just(argument.element))
    if argument.dtype == "bytes":
        return st.binary(min_size=shape[0], max_size=shape[0])
    if argument.is_buffer:
        return float_array(kernel, argument.dtype, shape)
    if argument.dtype.startswith("float"):
        return numbers_of(kernel, argument.dtype)
    limits = np.iinfo(argument.dtype)
    return st.integers(int(limits.min), int(limits.max))


@st.composite
def workloads(draw: st.DrawFn, kernel: KernelSpec) -> Workload:
    dims = draw(dims_of(kernel))
    values = {a.name: draw(value_of(kernel, a, dims)) for a in kernel.arguments if a.role != "length"}
    return Workload(kernel, 0, dims, values)


@pytest.mark.parametrize(("name", "kernel"), pairs())
def test_any_workload(name: str, kernel: KernelSpec, rungs: OpenRungs, reference: Reference) -> None:
    rung = rungs.get(name, kernel)
    own_ways = list(ways(name, kernel))

    @settings(max_examples=EXAMPLES)
    @given(workloads(kernel))
    def agrees(workload: Workload) -> None:
        if rung.missing(kernel, element_count(workload)):
            return
        if rung.info.flushes_subnormals:
            workload = without_subnormals(workload)
        with np.errstate(all="ignore"):
            native = reference.outputs(workload) if rung.info.agreement == "bit-identical" else None
            for way in own_ways:
                for argument in kernel.buffers:
                    if argument.role == "out":
                        workload.values[argument.name][...] = 0
                try:
                    outputs = run(rung, workload, way)
                except ValueError:
                    # Python's math raises where C returns NaN (documentation of `math`: "Annex F ... invalid")
                    assert rung.info.agreement == "tolerance"
                    assert np.isnan(kernel.oracle(workload.values, workload.dims)["return"])
                    continue
                assert check_outputs(workload, outputs) == "", way.id
                if native is not None:
                    assert difference(kernel, outputs, native) == "", way.id

    agrees()
