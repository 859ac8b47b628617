"""When two results agree: within the kernel's tolerance, or bit for bit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from ffi_spectrum.case import Case
from ffi_spectrum.kernels.spec import KernelSpec
from ffi_spectrum.kernels.workload import Workload
from ffi_spectrum.measure.loop import call_once, outputs_of
from ffi_spectrum.rungs.base import BoundCall, Buffers, Rung

from .opened import OpenRungs

Outputs = dict[str, Any]


def typed(kernel: KernelSpec, outputs: Mapping[str, Any]) -> dict[str, npt.NDArray[Any]]:
    """The outputs as arrays of their C types; a kernel that returns nothing has no "return"."""
    dtypes = {argument.name: argument.element for argument in kernel.buffers if argument.role == "out"}
    if kernel.returns and "return" in outputs:
        dtypes["return"] = kernel.returns
    return {name: np.asarray(outputs[name]).astype(dtype) for name, dtype in dtypes.items()}


def wrapped(kernel: KernelSpec, outputs: Outputs) -> Outputs:
    """The outputs with an integer result reduced to its C type: Python's integers have no width and do not wrap."""
    value = outputs.get("return")
    if not isinstance(value, int) or np.dtype(kernel.returns or "V").kind not in "iu":
        return outputs
    limits = np.iinfo(kernel.returns)
    return outputs | {"return": (value - int(limits.min)) % 2**limits.bits + int(limits.min)}


def same_bits(got: npt.NDArray[Any], want: npt.NDArray[Any]) -> bool:
    """True where shape, type and every bit agree; any NaN equals any NaN."""
    if got.shape != want.shape or got.dtype != want.dtype:
        return False
    if got.dtype.kind != "f":
        return np.array_equal(got, want)
    bits = f"u{got.dtype.itemsize}"
    same = np.ascontiguousarray(got).view(bits) == np.ascontiguousarray(want).view(bits)
    return bool(np.all(same | (np.isnan(got) & np.isnan(want))))


def difference(kernel: KernelSpec, got: Mapping[str, Any], want: Mapping[str, Any]) -> str:
    """ "" where all outputs agree bit for bit, else the first that does not."""
    left, right = typed(kernel, got), typed(kernel, want)
    for name in right:
        if name in left and not same_bits(left[name], right[name]):
            return f"{kernel.name}.{name}: {left[name]!r} is not bit-identical to {right[name]!r}"
    return ""


def bind(rung: Rung, buffers: Buffers, way: Case) -> BoundCall:
    """The call of this case."""
    return rung.bind(buffers, way.form, way.variant, way.strategy, way.params)


def run(rung: Rung, workload: Workload, way: Case) -> Outputs:
    """Place, bind and call once; everything that the call produced."""
    buffers = rung.place(workload, way.placement)
    bound = bind(rung, buffers, way)
    outputs = outputs_of(rung, buffers, bound, call_once(bound))
    return wrapped(workload.kernel, outputs) if rung.info.agreement == "tolerance" else outputs


class Reference:
    """The native library's own answers, through ctypes; each workload is computed once."""

    def __init__(self, rungs: OpenRungs) -> None:
        self._rungs = rungs
        self._answers: dict[object, Outputs] = {}

    def outputs(self, workload: Workload, key: object = None) -> Outputs:
        """The outputs for `workload`; `key` names workloads that are made anew with the same values."""
        if key is not None and key in self._answers:
            return self._answers[key]
        rung = self._rungs.get("ctypes")
        way = next(way for way in rung.ways(workload.kernel) if way.form == "prebound")
        answers = run(rung, workload, way)
        answers = {name: np.copy(value) for name, value in answers.items()}
        if key is not None:
            self._answers[key] = answers
        return answers
