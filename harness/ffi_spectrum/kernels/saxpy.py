"""saxpy: out = a * x + y in float32, out of place."""

from __future__ import annotations

from typing import Any

import numpy as np

from ffi_spectrum.kernels.spec import (
    Argument,
    Dims,
    Expression,
    KernelSpec,
    Missing,
    Tolerance,
    Values,
    call_of,
    vector_dims,
)


def saxpy(a: float, x: list[float], y: list[float], out: list[float]) -> None:
    out[:] = [a * x_i + y_i for x_i, y_i in zip(x, y, strict=True)]


def _inputs(rng: np.random.Generator, dims: Dims) -> dict[str, Any]:
    x = rng.standard_normal(dims["size"], dtype=np.float32)
    return {"a": 1.5, "x": x, "y": rng.standard_normal(dims["size"], dtype=np.float32)}


def _oracle(values: Values, dims: Dims) -> dict[str, Any]:
    return {"out": np.float64(values["a"]) * values["x"].astype(np.float64) + values["y"].astype(np.float64)}


SAXPY = KernelSpec(
    name="saxpy",
    summary="out = a * x + y, float32",
    arguments=(
        Argument("a", "scalar", "float32"),
        Argument("x", "in", "float32", ("size",)),
        Argument("y", "in", "float32", ("size",)),
        Argument("out", "out", "float32", ("size",)),
        Argument("size", "length", "uint32"),
    ),
    dims=vector_dims,
    inputs=_inputs,
    oracle=_oracle,
    operations=lambda dims: 2 * dims["size"],
    python=call_of(saxpy, "a", "x", "y", "out"),
    stdlib=Missing("the standard library has no array arithmetic"),
    numpy=Expression("add(multiply(a, x, out), y, out)", {"add": np.add, "multiply": np.multiply}),
    bench_size=1024,
    # two roundings to float32 of at most half an ulp (2**-24) each, on values of a few units
    tolerance=Tolerance(relative=2**-22, absolute=2**-21),
)
