"""relu: out[i] = max(x[i], 0) in float32; a NaN stays a NaN."""

from __future__ import annotations

from typing import Any

import numpy as np

from ffi_spectrum.kernels.spec import Argument, Dims, Expression, KernelSpec, Missing, Values, call_of, vector_dims


def relu(x: list[float], out: list[float]) -> None:
    out[:] = [0.0 if x_i < 0.0 else x_i for x_i in x]


def _inputs(rng: np.random.Generator, dims: Dims) -> dict[str, Any]:
    return {"x": rng.standard_normal(dims["size"], dtype=np.float32)}


def _oracle(values: Values, dims: Dims) -> dict[str, Any]:
    return {"out": np.where(values["x"] < 0, np.float64(0), values["x"].astype(np.float64))}


RELU = KernelSpec(
    name="relu",
    summary="out = max(x, 0), float32",
    arguments=(
        Argument("x", "in", "float32", ("size",)),
        Argument("out", "out", "float32", ("size",)),
        Argument("size", "length", "uint32"),
    ),
    dims=vector_dims,
    inputs=_inputs,
    oracle=_oracle,
    operations=lambda dims: dims["size"],
    python=call_of(relu, "x", "out"),
    stdlib=Missing("the standard library has no array arithmetic"),
    numpy=Expression("maximum(x, 0, out=out)", {"maximum": np.maximum}),
    bench_size=1024,
)
