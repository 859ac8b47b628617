"""How many threads a CUDA kernel is launched with."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from ffi_spectrum.kernels.spec import Dims

Extent = tuple[int, int, int]

THREADS = 256
TILE = 16  # of native/cuda/matmul_body.cuh
ONE: Extent = (1, 1, 1)


def _single(dims: Dims) -> tuple[Extent, Extent]:
    return ONE, ONE


def _block(dims: Dims) -> tuple[Extent, Extent]:
    return ONE, (THREADS, 1, 1)


def _elements(dims: Dims) -> tuple[Extent, Extent]:
    # one block where there is no element: a grid of none is refused
    return (max(1, math.ceil(math.prod(dims.values()) / THREADS)), 1, 1), (THREADS, 1, 1)


def _tiles(dims: Dims) -> tuple[Extent, Extent]:
    return (max(1, math.ceil(dims["n"] / TILE)), max(1, math.ceil(dims["m"] / TILE)), 1), (TILE, TILE, 1)


# The kernels that have a CUDA source: the numeric ones.
GEOMETRY: dict[str, Callable[[Dims], tuple[Extent, Extent]]] = {
    "noop": _single,
    "add": _single,
    "sum8": _single,
    "spin": _single,
    "dot": _block,
    "saxpy": _elements,
    "relu": _elements,
    "bias_add": _elements,
    "matmul": _tiles,
    "dense_relu": _tiles,
}


def geometry(kernel: str, dims: Dims) -> tuple[Extent, Extent]:
    """Grid (in blocks) and block (in threads) for a kernel with these dimensions; raises KeyError for others."""
    return GEOMETRY[kernel](dims)
