"""dense_relu: matmul, bias_add and relu fused into one call."""

from __future__ import annotations

from typing import Any

import numpy as np

from ffi_spectrum.kernels.dense import MATMUL_TOLERANCE, matmul_dims
from ffi_spectrum.kernels.spec import Argument, Dims, Expression, KernelSpec, Missing, Values, call_of

Matrix = list[list[float]]


def dense_relu(a: Matrix, b: Matrix, bias: list[float], out: Matrix) -> None:
    columns = list(zip(*b, strict=True)) or [()] * len(bias)  # b without rows has lost its width
    out[:] = [
        [
            max(sum(x * y for x, y in zip(row, column, strict=True)) + bias_j, 0.0)  # this way round keeps NaN
            for column, bias_j in zip(columns, bias, strict=True)
        ]
        for row in a
    ]


def _inputs(rng: np.random.Generator, dims: Dims) -> dict[str, Any]:
    return {
        "a": rng.standard_normal((dims["m"], dims["k"]), dtype=np.float32),
        "b": rng.standard_normal((dims["k"], dims["n"]), dtype=np.float32),
        "bias": rng.standard_normal(dims["n"], dtype=np.float32),
    }


def _oracle(values: Values, dims: Dims) -> dict[str, Any]:
    product = values["a"].astype(np.float64) @ values["b"].astype(np.float64)
    return {"out": np.maximum(product + values["bias"].astype(np.float64), 0.0)}


DENSE_RELU = KernelSpec(
    name="dense_relu",
    summary="out = relu(a @ b + bias), float32, fused",
    arguments=(
        Argument("a", "in", "float32", ("m", "k")),
        Argument("b", "in", "float32", ("k", "n")),
        Argument("bias", "in", "float32", ("n",)),
        Argument("out", "out", "float32", ("m", "n")),
        Argument("m", "length", "uint32"),
        Argument("k", "length", "uint32"),
        Argument("n", "length", "uint32"),
    ),
    dims=matmul_dims,
    inputs=_inputs,
    oracle=_oracle,
    operations=lambda dims: (2 * dims["k"] + 2) * dims["m"] * dims["n"],
    python=call_of(dense_relu, "a", "b", "bias", "out"),
    stdlib=Missing("the standard library has no matrix product"),
    numpy=Expression(
        "maximum(add(matmul(a, b, out), bias, out), 0, out=out)",
        {"maximum": np.maximum, "add": np.add, "matmul": np.matmul},
    ),
    bench_size=1024,
    tolerance=MATMUL_TOLERANCE,
)
