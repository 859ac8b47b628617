"""Signatures of the real kernels, as a rung makes them."""

from __future__ import annotations

from functools import cache

import numpy as np

from ffi_spectrum.kernels.table import KERNELS
from ffi_spectrum.remote import frame
from ffi_spectrum.remote.layout import Layout, Signature
from ffi_spectrum.toolchain.build import Toolchain


@cache
def signatures() -> dict[str, Signature]:
    """Every kernel of the table, by name; a kernel's number is its place in ffis.h."""
    toolchain = Toolchain()
    listed = {prototype.symbol: (i, prototype) for i, prototype in enumerate(toolchain.kernels(toolchain.target))}
    return {name: Signature(listed[k.symbol][0], k, listed[k.symbol][1]) for name, k in KERNELS.items()}


def saxpy_call(size: int = 20) -> tuple[frame.Header, bytes]:
    """A call's header and body: 2 times threes, and halves."""
    layout = Layout(signatures()["saxpy"], {"size": size})
    body = bytearray(layout.inputs_end)
    slots = layout.pack_slots({"a": 2.0})
    body[: len(slots)] = slots
    for block, value in zip(layout.inputs, (3.0, 0.5), strict=True):
        body[block.offset : block.end] = np.full(size, value, np.float32).tobytes()
    return layout.request(), bytes(body)
