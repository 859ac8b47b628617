"""add: a + b on 64-bit integers; two scalars across, one back."""

from __future__ import annotations

import operator
from typing import Any

from ffi_spectrum.kernels.spec import Argument, Dims, KernelSpec, Missing, Values, call_of, no_dims


def add(a: int, b: int) -> int:
    return a + b


def _oracle(values: Values, dims: Dims) -> dict[str, Any]:
    wrapped = (values["a"] + values["b"]) & (2**64 - 1)
    return {"return": wrapped - 2**64 if wrapped >= 2**63 else wrapped}


ADD = KernelSpec(
    name="add",
    summary="a + b, int64",
    arguments=(Argument("a", "scalar", "int64"), Argument("b", "scalar", "int64")),
    dims=no_dims,
    # neither is one of CPython's cached small integers' sums, so every binding has to make its result
    inputs=lambda rng, dims: {"a": 123456, "b": 7},
    oracle=_oracle,
    operations=lambda dims: 1,
    python=call_of(add, "a", "b"),
    stdlib=call_of(operator.add, "a", "b"),
    numpy=Missing("scalars: no array form"),
    returns="int64",
)
