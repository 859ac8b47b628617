"""What a caller may get wrong: workloads that the harness must refuse, and single values that a rung may."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ffi_spectrum.kernels.spec import Argument, KernelSpec
from ffi_spectrum.kernels.workload import Workload

# One wrong value in place of a right one: None where the argument cannot be wrong in this way.
Spoil = Callable[[Argument, Any], Any]
NOTHING: Any = object()


def _wrong_dtype(argument: Argument, value: Any) -> Any:
    if not isinstance(value, np.ndarray):
        return NOTHING
    width = value.dtype.itemsize * 8
    return value.astype("float64" if argument.element == "float32" else "float32" if width == 64 else "int16")


def _same_width(argument: Argument, value: Any) -> Any:
    if not isinstance(value, np.ndarray) or value.dtype.kind != "f":
        return NOTHING
    return value.view(f"i{value.dtype.itemsize}")


def _swapped(argument: Argument, value: Any) -> Any:
    if not isinstance(value, np.ndarray) or value.itemsize == 1:
        return NOTHING
    return value.astype(value.dtype.newbyteorder())


def _strided(argument: Argument, value: Any) -> Any:
    if not isinstance(value, np.ndarray):
        return NOTHING
    return np.repeat(value, 2, axis=-1)[..., ::2]


def _misaligned(argument: Argument, value: Any) -> Any:
    if not isinstance(value, np.ndarray) or value.dtype.itemsize == 1:
        return NOTHING
    raw = np.zeros(value.nbytes + 1, np.uint8)[1:]
    return raw.view(value.dtype).reshape(value.shape)


def _read_only(argument: Argument, value: Any) -> Any:
    if argument.role != "out":
        return NOTHING
    locked = value.copy()
    locked.setflags(write=False)
    return locked


def shorter(argument: Argument, value: Any) -> Any:
    """The buffer without its last element, or last row."""
    return value[:-1].copy() if isinstance(value, np.ndarray) else value[:-1]


def _longer(argument: Argument, value: Any) -> Any:
    if isinstance(value, bytes):
        return value + b"\0"
    return np.concatenate([value, value[-1:]]) if argument.is_buffer else NOTHING


def _out_of_range(argument: Argument, value: Any) -> Any:
    return 2**64 if argument.dtype.lstrip("u").startswith("int") and argument.role == "scalar" else NOTHING


def _below_range(argument: Argument, value: Any) -> Any:
    return -(2**63) - 1 if argument.dtype.lstrip("u").startswith("int") and argument.role == "scalar" else NOTHING


def _only(kind: Any, replacement: Any) -> Spoil:
    return lambda argument, value: replacement if isinstance(value, kind) else NOTHING


SPOILS: dict[str, Spoil] = {
    "wrong dtype": _wrong_dtype,
    "same width, other kind": _same_width,
    "other byte order": _swapped,
    "not contiguous": _strided,
    "misaligned": _misaligned,
    "read-only output": _read_only,
    "too short": lambda argument, value: shorter(argument, value) if argument.is_buffer else NOTHING,
    "too long": _longer,
    "another dimension": lambda a, v: v[None] if isinstance(v, np.ndarray) else NOTHING,
    "above the range": _out_of_range,
    "below the range": _below_range,
    "None": lambda argument, value: None,
    "str": lambda argument, value: "text",
    "float for int": _only(int, 1.0),
    "bool for number": _only((int, float), True),
    "str for bytes": _only(bytes, "7 bytes"),
    "bytearray for bytes": lambda a, v: bytearray(v) if isinstance(v, bytes) else NOTHING,
    "list for ndarray": lambda a, v: v.tolist() if isinstance(v, np.ndarray) else NOTHING,
}


def spoiled(workload: Workload, how: str) -> Iterator[tuple[str, Workload]]:
    """The workload with one argument spoiled, for each argument that can be wrong in this way."""
    for argument in workload.kernel.arguments:
        if argument.role == "length":
            continue
        value = SPOILS[how](argument, workload.values[argument.name])
        if value is not NOTHING:
            values = {**workload.values, argument.name: value}
            yield argument.name, Workload(workload.kernel, workload.size, workload.dims, values)


def miscounted(workload: Workload) -> Iterator[Workload]:
    """The workload with one argument missing, or with one too many."""
    for name in workload.values:
        values = {key: value for key, value in workload.values.items() if key != name}
        yield Workload(workload.kernel, workload.size, workload.dims, values)
    yield Workload(workload.kernel, workload.size, workload.dims, {**workload.values, "extra": 0})


def overlong(workload: Workload) -> Iterator[Workload]:
    """The workload with each length outside of its C type, or larger than the buffers."""
    for argument in workload.kernel.arguments:
        if argument.role == "length":
            for count in (-1, 2**32, workload.dims[argument.name] + 1):
                is_allowed = not any(argument.name in buffer.shape for buffer in workload.kernel.buffers)
                if count != workload.dims[argument.name] + 1 or not is_allowed:
                    dims = {**workload.dims, argument.name: count}
                    yield Workload(workload.kernel, workload.size, dims, workload.values)


def overlapping(workload: Workload) -> Iterator[Workload]:
    """The workload with the output in the place of an input of the same type and shape."""
    kernel: KernelSpec = workload.kernel
    for out in (argument for argument in kernel.buffers if argument.role == "out"):
        for argument in kernel.buffers:
            value = workload.values[argument.name]
            same = argument.role == "in" and argument.element == out.element and argument.dtype != "bytes"
            if same and value.shape == workload.values[out.name].shape:
                yield Workload(kernel, workload.size, workload.dims, {**workload.values, out.name: value})
