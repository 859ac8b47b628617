"""spin: a dependent chain of known length, so that the work per call can be dialled."""

from __future__ import annotations

from typing import Any

from ffi_spectrum.kernels.spec import Argument, Dims, KernelSpec, Missing, Values, call_of

_MASK = 2**64 - 1
_MULTIPLIER = 0xBF58476D1CE4E5B9  # of SplitMix64's finaliser (Steele, Lea, Flood 2014)


def spin(seed: int, steps: int) -> int:
    for _ in range(steps):
        seed = ((seed ^ (seed >> 29)) * _MULTIPLIER) & _MASK
    return seed


def _oracle(values: Values, dims: Dims) -> dict[str, Any]:
    """The same recurrence with the multiplication split into 32-bit halves, so that it shares no line with `spin`."""
    state = values["seed"]
    low_multiplier, high_multiplier = _MULTIPLIER & 0xFFFFFFFF, _MULTIPLIER >> 32
    for _ in range(dims["steps"]):
        state ^= state // 2**29
        low, high = state % 2**32, state // 2**32
        cross = (low * high_multiplier + high * low_multiplier) % 2**32
        state = (low * low_multiplier + cross * 2**32) % 2**64
    return {"return": state}


SPIN = KernelSpec(
    name="spin",
    summary="a dependent chain of `size` steps",
    arguments=(Argument("seed", "scalar", "uint64"), Argument("steps", "length", "uint32")),
    dims=lambda size: {"steps": size},
    inputs=lambda rng, dims: {"seed": 0x9E3779B97F4A7C15},  # 2**64 / golden ratio: SplitMix64's increment
    oracle=_oracle,
    operations=lambda dims: 3 * dims["steps"],
    python=call_of(spin, "seed", "steps"),
    stdlib=Missing("the standard library has no such chain"),
    numpy=Missing("each step needs the one before: no array form"),
    bench_size=64,
    returns="uint64",
)
