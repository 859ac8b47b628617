"""args1 to args8: sums of so many 64-bit integers; with noop, what each argument costs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ffi_spectrum.kernels.spec import Argument, Dims, KernelSpec, Missing, Values, call_of, no_dims

_NAMES = "abcdefgh"


def args1(a: int) -> int:
    return a


def args2(a: int, b: int) -> int:
    return a + b


def args3(a: int, b: int, c: int) -> int:
    return a + b + c


def args4(a: int, b: int, c: int, d: int) -> int:
    return a + b + c + d


def args5(a: int, b: int, c: int, d: int, e: int) -> int:
    return a + b + c + d + e


def args6(a: int, b: int, c: int, d: int, e: int, f: int) -> int:
    return a + b + c + d + e + f


def args7(a: int, b: int, c: int, d: int, e: int, f: int, g: int) -> int:
    return a + b + c + d + e + f + g


def args8(a: int, b: int, c: int, d: int, e: int, f: int, g: int, h: int) -> int:
    return a + b + c + d + e + f + g + h


def _oracle(values: Values, dims: Dims) -> dict[str, Any]:
    wrapped = sum(values.values()) & (2**64 - 1)
    return {"return": wrapped - 2**64 if wrapped >= 2**63 else wrapped}


def _spec(count: int, function: Callable[..., int]) -> KernelSpec:
    names = _NAMES[:count]
    return KernelSpec(
        name=f"args{count}",
        summary=f"{' + '.join(names)}, int64" if count > 1 else "a, int64",
        arguments=tuple(Argument(name, "scalar", "int64") for name in names),
        dims=no_dims,
        # neither these nor their sums are among CPython's cached small integers
        inputs=lambda rng, dims: {name: 1000 + 111 * place for place, name in enumerate(names)},
        oracle=_oracle,
        operations=lambda dims: count - 1,
        python=call_of(function, *names),
        stdlib=Missing("the standard library has no such function"),
        numpy=Missing("scalars: no array form"),
        returns="int64",
        is_probe=True,
    )


_FUNCTIONS: tuple[Callable[..., int], ...] = (args1, args2, args3, args4, args5, args6, args7, args8)
ARGS = tuple(_spec(count, function) for count, function in enumerate(_FUNCTIONS, 1))
