"""noop: nothing, so that only the crossing is left."""

from __future__ import annotations

from ffi_spectrum.kernels.spec import KernelSpec, Missing, call_of, no_dims


def noop() -> None:
    pass


NOOP = KernelSpec(
    name="noop",
    summary="does nothing",
    arguments=(),
    dims=no_dims,
    inputs=lambda rng, dims: {},
    oracle=lambda values, dims: {},
    operations=lambda dims: 0,
    python=call_of(noop),
    stdlib=Missing("there is nothing to call"),
    numpy=Missing("no array takes part"),
)
