"""ends: the first and the last byte, so that a payload costs what carrying it costs."""

from __future__ import annotations

from typing import Any

import numpy as np

from ffi_spectrum.kernels.spec import Argument, Dims, KernelSpec, Missing, Values, call_of


def ends(data: bytes) -> int:
    return 0x10000 | data[0] | data[-1] << 8 if data else 0x10000


def _inputs(rng: np.random.Generator, dims: Dims) -> dict[str, Any]:
    return {"data": rng.bytes(dims["nbytes"])}


def _oracle(values: Values, dims: Dims) -> dict[str, Any]:
    return {"return": 2**16 + int.from_bytes(values["data"][:1] + values["data"][-1:], "little")}


ENDS = KernelSpec(
    name="ends",
    summary="the first and the last of some bytes",
    arguments=(Argument("data", "in", "bytes", ("nbytes",)), Argument("nbytes", "length", "uint32")),
    dims=lambda size: {"nbytes": size},
    inputs=_inputs,
    oracle=_oracle,
    operations=lambda dims: min(2, dims["nbytes"]),  # bytes looked at
    python=call_of(ends, "data"),
    stdlib=Missing("no function of the standard library looks at two bytes only"),
    numpy=Missing("two bytes are no array work"),
    bench_size=1024,
    returns="uint32",
    is_probe=True,
)
