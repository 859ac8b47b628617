"""bias_add: out[m, n] = x[m, n] + bias[n] in float32."""

from __future__ import annotations

from typing import Any

import numpy as np

from ffi_spectrum.kernels.dense import matrix_dims
from ffi_spectrum.kernels.spec import Argument, Dims, KernelSpec, Missing, Tolerance, Values, call_of

Matrix = list[list[float]]


def bias_add(x: Matrix, bias: list[float], out: Matrix) -> None:
    out[:] = [[x_ij + bias_j for x_ij, bias_j in zip(row, bias, strict=True)] for row in x]


def _inputs(rng: np.random.Generator, dims: Dims) -> dict[str, Any]:
    return {
        "x": rng.standard_normal((dims["m"], dims["n"]), dtype=np.float32),
        "bias": rng.standard_normal(dims["n"], dtype=np.float32),
    }


def _oracle(values: Values, dims: Dims) -> dict[str, Any]:
    return {"out": values["x"].astype(np.float64) + values["bias"].astype(np.float64)}


BIAS_ADD = KernelSpec(
    name="bias_add",
    summary="out = x + bias, float32",
    arguments=(
        Argument("x", "in", "float32", ("m", "n")),
        Argument("bias", "in", "float32", ("n",)),
        Argument("out", "out", "float32", ("m", "n")),
        Argument("m", "length", "uint32"),
        Argument("n", "length", "uint32"),
    ),
    dims=matrix_dims,
    inputs=_inputs,
    oracle=_oracle,
    operations=lambda dims: dims["m"] * dims["n"],
    python=call_of(bias_add, "x", "bias", "out"),
    stdlib=Missing("the standard library has no array arithmetic"),
    numpy=call_of(np.add, "x", "bias", "out"),
    bench_size=1024,
    # one rounding to float32
    tolerance=Tolerance(relative=2**-23, absolute=2**-126),
)
