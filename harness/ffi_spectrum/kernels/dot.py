"""dot: the sum of x[i] * y[i] in float64, in index order."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np

from ffi_spectrum.kernels.spec import Argument, Dims, KernelSpec, Missing, Tolerance, Values, call_of, vector_dims


def dot(x: list[float], y: list[float]) -> float:
    total = 0.0
    for x_i, y_i in zip(x, y, strict=True):
        total += x_i * y_i
    return total


def _inputs(rng: np.random.Generator, dims: Dims) -> dict[str, Any]:
    return {"x": rng.standard_normal(dims["size"]), "y": rng.standard_normal(dims["size"])}


def _oracle(values: Values, dims: Dims) -> dict[str, Any]:
    pairs = list(zip(values["x"].tolist(), values["y"].tolist(), strict=True))
    if not all(math.isfinite(x) and math.isfinite(y) for x, y in pairs):
        return {"return": sum(x * y for x, y in pairs)}  # an infinity or NaN, whatever the order
    return {"return": float(sum((Fraction(x) * Fraction(y) for x, y in pairs), Fraction(0)))}


DOT = KernelSpec(
    name="dot",
    summary="sum of x[i] * y[i], float64",
    arguments=(
        Argument("x", "in", "float64", ("size",)),
        Argument("y", "in", "float64", ("size",)),
        Argument("size", "length", "uint32"),
    ),
    dims=vector_dims,
    inputs=_inputs,
    oracle=_oracle,
    operations=lambda dims: 2 * dims["size"],
    python=call_of(dot, "x", "y"),
    stdlib=call_of(math.sumprod, "x", "y")
    if hasattr(math, "sumprod")
    else Missing("math.sumprod came with Python 3.12"),
    numpy=call_of(np.dot, "x", "y"),
    bench_size=1024,
    returns="float64",
    # 2 * size roundings of at most 2**-53 on sums that stay below size: generous up to a million elements
    tolerance=Tolerance(relative=2**-40, absolute=2**-30),
)
