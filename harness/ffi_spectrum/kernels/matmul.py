"""matmul: out[m, n] = a[m, k] @ b[k, n] in float32, row-major."""

from __future__ import annotations

from typing import Any

import numpy as np

from ffi_spectrum.kernels.dense import MATMUL_TOLERANCE, matmul_dims
from ffi_spectrum.kernels.spec import Argument, Dims, KernelSpec, Missing, Values, call_of

Matrix = list[list[float]]


def matmul(a: Matrix, b: Matrix, out: Matrix) -> None:
    columns = list(zip(*b, strict=True)) or [() for _ in out[0]] if len(out) else []  # b without rows has no width
    out[:] = [[sum(x * y for x, y in zip(row, column, strict=True)) for column in columns] for row in a]


def _inputs(rng: np.random.Generator, dims: Dims) -> dict[str, Any]:
    return {
        "a": rng.standard_normal((dims["m"], dims["k"]), dtype=np.float32),
        "b": rng.standard_normal((dims["k"], dims["n"]), dtype=np.float32),
    }


def _oracle(values: Values, dims: Dims) -> dict[str, Any]:
    return {"out": values["a"].astype(np.float64) @ values["b"].astype(np.float64)}


MATMUL = KernelSpec(
    name="matmul",
    summary="out = a @ b, float32",
    arguments=(
        Argument("a", "in", "float32", ("m", "k")),
        Argument("b", "in", "float32", ("k", "n")),
        Argument("out", "out", "float32", ("m", "n")),
        Argument("m", "length", "uint32"),
        Argument("k", "length", "uint32"),
        Argument("n", "length", "uint32"),
    ),
    dims=matmul_dims,
    inputs=_inputs,
    oracle=_oracle,
    operations=lambda dims: 2 * dims["m"] * dims["k"] * dims["n"],
    python=call_of(matmul, "a", "b", "out"),
    stdlib=Missing("the standard library has no matrix product"),
    numpy=call_of(np.matmul, "a", "b", "out"),
    bench_size=1024,
    tolerance=MATMUL_TOLERANCE,
)
