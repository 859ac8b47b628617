"""sum8: eight float64 scalars across, one back: what argument conversion costs."""

from __future__ import annotations

import math
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
    no_dims,
)

_NAMES = tuple("abcdefgh")


def sum8(a: float, b: float, c: float, d: float, e: float, f: float, g: float, h: float) -> float:
    return a + b + c + d + e + f + g + h


def _inputs(rng: np.random.Generator, dims: Dims) -> dict[str, Any]:
    return {name: float(value) for name, value in zip(_NAMES, rng.standard_normal(8), strict=True)}


def _oracle(values: Values, dims: Dims) -> dict[str, Any]:
    terms = [values[name] for name in _NAMES]
    return {"return": math.fsum(terms) if all(map(math.isfinite, terms)) else sum(terms)}


SUM8 = KernelSpec(
    name="sum8",
    summary="a + b + ... + h, float64",
    arguments=tuple(Argument(name, "scalar", "float64") for name in _NAMES),
    dims=no_dims,
    inputs=_inputs,
    oracle=_oracle,
    operations=lambda dims: 7,
    python=call_of(sum8, *_NAMES),
    stdlib=Expression("fsum((a, b, c, d, e, f, g, h))", {"fsum": math.fsum}),
    numpy=Missing("scalars: no array form"),
    returns="float64",
    # seven roundings of at most 2**-53 each, relative to the largest partial sum
    tolerance=Tolerance(relative=2**-50, absolute=2**-48),
)
