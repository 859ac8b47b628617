"""Reading tests/vectors: pinned inputs and results, in the format that its README.md describes."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ffi_spectrum.kernels.spec import KernelSpec
from ffi_spectrum.kernels.workload import Workload

FOLDER = Path(__file__).parents[1] / "vectors"


@dataclass(frozen=True, slots=True)
class Vector:
    """One pinned case; `outputs` are scalars and arrays by name."""

    note: str
    workload: Workload
    outputs: dict[str, Any]
    is_exact: bool


def load_vectors(kernel: KernelSpec) -> list[Vector]:
    """The pinned cases of `kernel`, each with output buffers of its own."""
    return [_vector(kernel, row) for row in json.loads((FOLDER / f"{kernel.name}.json").read_text())["cases"]]


def element_count(workload: Workload) -> int:
    """The size of a workload whose dimensions came from elsewhere: elements of its largest buffer, or its length."""
    shapes = [[workload.dims[name] for name in argument.shape] for argument in workload.kernel.buffers]
    return max([math.prod(shape) for shape in shapes] + list(workload.dims.values()), default=0)


def _vector(kernel: KernelSpec, row: dict[str, Any]) -> Vector:
    given = {name: _value(value) for name, value in row["inputs"].items()}
    outputs = {name: _value(value) for name, value in row["outputs"].items()}
    dims: dict[str, int] = {}
    values: dict[str, Any] = {}
    for argument in kernel.arguments:
        name = argument.name
        if argument.role == "length":
            if name in given:
                dims[name] = given[name]
            continue
        value = given[name] if argument.role != "out" else outputs[name]
        if argument.is_buffer:
            shape = np.shape(value) if isinstance(value, np.ndarray) else (len(value),)
            for dim, count in zip(argument.shape, shape, strict=True):
                assert dims.setdefault(dim, count) == count, f"{kernel.name}: {row['note']}: {dim}"
        values[name] = np.zeros(shape, argument.element) if argument.role == "out" else value
    outputs = {
        name: np.frombuffer(value, np.uint8) if isinstance(value, bytes) else value for name, value in outputs.items()
    }
    workload = Workload(kernel, 0, dims, values)
    return Vector(row["note"], workload, outputs, row["exact"])


def _value(written: Any) -> Any:
    """A scalar, an ndarray or bytes as the files write them."""
    if not isinstance(written, dict):
        return float(written) if isinstance(written, str) else written
    if "hex" in written:
        return bytes.fromhex(written["hex"])
    data = [float(number) for number in written["data"]]
    return np.array(data, written["dtype"]).reshape(written["shape"])
