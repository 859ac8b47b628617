"""Signatures of the real kernels, as a rung makes them."""

from __future__ import annotations

from functools import cache

from ffi_spectrum.kernels.table import KERNELS
from ffi_spectrum.remote.layout import Signature
from ffi_spectrum.toolchain.build import Toolchain


@cache
def signatures() -> dict[str, Signature]:
    """Every kernel of the table, by name; a kernel's number is its place in ffis.h."""
    toolchain = Toolchain()
    listed = {prototype.symbol: (i, prototype) for i, prototype in enumerate(toolchain.kernels(toolchain.target))}
    return {name: Signature(listed[k.symbol][0], k, listed[k.symbol][1]) for name, k in KERNELS.items()}
