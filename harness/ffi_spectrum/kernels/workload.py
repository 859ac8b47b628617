"""One call's worth of arguments for a kernel, checked before anything crosses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ffi_spectrum.errors import BadArgument
from ffi_spectrum.kernels.spec import Argument, KernelSpec

_INTEGER_RANGES = {
    "int64": (-(2**63), 2**63 - 1),
    "uint64": (0, 2**64 - 1),
    "int32": (-(2**31), 2**31 - 1),
    "uint32": (0, 2**32 - 1),
}


@dataclass(frozen=True, slots=True)
class Workload:
    """A kernel with dimensions and a value for every argument but the lengths.

    `values` holds Python numbers for scalars, C-contiguous aligned ndarrays (or bytes) for "in" and writable ndarrays
    that overlap no other for "out". The workload owns its arrays; a rung may read them in place.
    """

    kernel: KernelSpec
    size: int
    dims: Mapping[str, int]
    values: Mapping[str, Any]

    def check(self) -> None:
        """Raise BadArgument for the first value that the kernel must not be called with."""
        expected = {argument.name for argument in self.kernel.arguments if argument.role != "length"}
        if set(self.values) != expected:
            raise BadArgument(
                f"{self.kernel.name} takes {sorted(expected)}, got {sorted(self.values)}: give each argument once"
            )
        for argument in self.kernel.arguments:
            if argument.is_buffer:
                self._check_buffer(argument, self.values[argument.name])
            elif argument.role == "scalar":
                self._check_scalar(argument, self.values[argument.name])
            elif not 0 <= self.dims[argument.name] < 2**32:
                raise BadArgument(f"{self._at(argument)}: {self.dims[argument.name]} does not fit in uint32")
        self._check_overlap()

    def _check_overlap(self) -> None:
        """The kernels' pointers are `restrict`: what is written must be nowhere else."""
        arrays = [(a, self.values[a.name]) for a in self.kernel.buffers if a.dtype != "bytes"]
        for out, written in arrays:
            for argument, value in arrays:
                if out.role == "out" and out is not argument and np.may_share_memory(written, value):
                    raise BadArgument(f"{self._at(out)}: overlaps the argument {argument.name!r}; pass another array")

    def _at(self, argument: Argument) -> str:
        return f"{self.kernel.name}, argument {argument.name!r}"

    def _check_scalar(self, argument: Argument, value: object) -> None:
        if argument.dtype in _INTEGER_RANGES:
            if not isinstance(value, int) or isinstance(value, bool):
                raise BadArgument(f"{self._at(argument)}: expected int, got {type(value).__name__}")
            low, high = _INTEGER_RANGES[argument.dtype]
            if not low <= value <= high:
                raise BadArgument(f"{self._at(argument)}: {value} does not fit in {argument.dtype}")
        elif not isinstance(value, (int, float)) or isinstance(value, bool):
            raise BadArgument(f"{self._at(argument)}: expected float, got {type(value).__name__}")

    def _check_buffer(self, argument: Argument, value: object) -> None:
        shape = tuple(self.dims[name] for name in argument.shape)
        if argument.dtype == "bytes" and argument.role == "in":
            if not isinstance(value, bytes):
                raise BadArgument(f"{self._at(argument)}: expected bytes, got {type(value).__name__}")
            if (len(value),) != shape:
                raise BadArgument(f"{self._at(argument)}: expected {shape[0]} bytes, got {len(value)}")
            return
        if not isinstance(value, np.ndarray):
            raise BadArgument(f"{self._at(argument)}: expected an ndarray, got {type(value).__name__}")
        if value.dtype != np.dtype(argument.element):
            raise BadArgument(f"{self._at(argument)}: expected dtype {argument.element}, got {value.dtype}")
        if value.shape != shape:
            raise BadArgument(f"{self._at(argument)}: expected shape {shape}, got {value.shape}")
        if not value.flags.c_contiguous:
            raise BadArgument(f"{self._at(argument)}: not contiguous; pass numpy.ascontiguousarray(...)")
        if not value.flags.aligned:
            raise BadArgument(f"{self._at(argument)}: not aligned to its elements; pass a copy")
        if argument.role == "out" and not value.flags.writeable:
            raise BadArgument(f"{self._at(argument)}: read-only, but the kernel writes it")


def make_workload(kernel: KernelSpec, size: int, seed: int = 0) -> Workload:
    """Random inputs and zeroed outputs for `kernel` at `size`, the same for the same seed."""
    dims = kernel.dims(size)
    values = kernel.inputs(np.random.default_rng(seed), dims)
    for argument in kernel.buffers:
        if argument.role == "out":
            values[argument.name] = np.zeros(tuple(dims[name] for name in argument.shape), argument.element)
    return Workload(kernel, size, dims, values)


def poison_outputs(workload: Workload) -> None:
    """Fill every output with what no kernel writes, so that a rung that writes nothing is found out."""
    for argument in workload.kernel.buffers:
        if argument.role == "out":
            array = workload.values[argument.name]
            array.fill(np.nan if array.dtype.kind == "f" else 0xA5)


def expected_outputs(workload: Workload) -> dict[str, Any]:
    """What the oracle says, by output name and "return"."""
    with np.errstate(all="ignore"):  # an oracle may meet infinities and NaN
        return workload.kernel.oracle(workload.values, workload.dims)


def check_outputs(workload: Workload, outputs: Mapping[str, Any], expected: Mapping[str, Any] | None = None) -> str:
    """Compare a rung's outputs with the oracle: "" where they agree within the tolerance, else what differs.

    `expected` saves asking the oracle again. A call that hands back an output instead of a status
    (BoundCall.value_of) has no "return" to compare.
    """
    tolerance = workload.kernel.tolerance
    for name, right in (expected or expected_outputs(workload)).items():
        if name == "return" and name not in outputs:
            continue
        got = np.asarray(outputs[name])
        want = np.asarray(right)
        if got.shape != want.shape:
            return f"{workload.kernel.name}.{name}: shape {got.shape} instead of {want.shape}"
        if want.dtype.kind in "iu" or want.dtype == object:
            agrees = np.array_equal(got, want)
        else:
            close = np.isclose(got, want, rtol=tolerance.relative, atol=tolerance.absolute, equal_nan=True)
            agrees = bool(np.all(close))
        if not agrees:
            return f"{workload.kernel.name}.{name}: {_first(got)} instead of {_first(want)}"
    return ""


def _first(array: Any) -> str:
    flat = np.asarray(array).reshape(-1)
    return f"{flat[:3].tolist()}{'...' if flat.size > 3 else ''}"
