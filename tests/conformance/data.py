"""Workloads for the conformance tests: ordinary values, and those that floating-point code gets wrong."""

from __future__ import annotations

from typing import Any

import numpy as np

from ffi_spectrum.kernels.spec import KernelSpec
from ffi_spectrum.kernels.workload import Workload, make_workload


def special_values(dtype: str) -> list[Any]:
    """NaN, infinities, both zeros, the smallest subnormal and normal numbers of `dtype`, and plain ones."""
    info = np.finfo(dtype)
    numbers: list[Any] = [np.nan, np.inf, -np.inf, -0.0, 0.0, info.smallest_subnormal, -info.smallest_subnormal]
    return [*map(float, numbers), float(info.smallest_normal), 1.5, -1.0]


def has_floats(kernel: KernelSpec) -> bool:
    """True where a floating-point value goes in."""
    return any(a.dtype.startswith("float") and a.role in ("in", "scalar") for a in kernel.arguments)


def special_workload(kernel: KernelSpec, size: int, seed: int) -> Workload:
    """`make_workload` with special values strewn in: few, so that not every sum becomes a NaN."""
    workload = make_workload(kernel, size, seed)
    rng = np.random.default_rng(seed)
    values = dict(workload.values)
    for argument in kernel.arguments:
        if not argument.dtype.startswith("float") or argument.role == "out":
            continue
        special = special_values(argument.dtype)
        if argument.is_buffer:
            flat = values[argument.name].reshape(-1)
            places = rng.permutation(flat.size)[: len(special)]
            flat[places] = rng.permutation(special)[: places.size]
        elif rng.random() < 0.3:
            values[argument.name] = float(rng.choice(special))
    return Workload(kernel, size, workload.dims, values)


def without_subnormals(workload: Workload) -> Workload:
    """The same with zeros of the same sign for all subnormal numbers, for rungs that flush them."""
    values = dict(workload.values)
    for argument in workload.kernel.arguments:
        if argument.dtype.startswith("float") and argument.role in ("in", "scalar"):
            value, tiny = np.asarray(values[argument.name]), np.finfo(argument.dtype).smallest_normal
            flushed = np.where(np.abs(value) < tiny, np.copysign(0, value), value).astype(value.dtype)
            values[argument.name] = flushed if argument.is_buffer else flushed.item()
    return Workload(workload.kernel, workload.size, workload.dims, values)


def has_subnormals(workload: Workload) -> bool:
    """True where a number that is read is subnormal."""
    flushed = without_subnormals(workload)
    return any(not np.array_equal(value, flushed.values[n], equal_nan=True) for n, value in copies(workload).items())


def copies(workload: Workload) -> dict[str, Any]:
    """Copies of everything that the kernel reads."""
    outputs = {argument.name for argument in workload.kernel.buffers if argument.role == "out"}
    return {name: np.copy(value) for name, value in workload.values.items() if name not in outputs}
