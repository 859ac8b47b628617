"""crc32: CRC-32/ISO-HDLC of bytes, the checksum of zlib, PNG and Ethernet."""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np

from ffi_spectrum.kernels.spec import Argument, Dims, KernelSpec, Missing, Values, call_of


def _make_table() -> tuple[int, ...]:
    """One entry per byte: the byte divided by the reversed polynomial 0xEDB88320 (CRC catalogue, CRC-32/ISO-HDLC)."""
    table = []
    for entry in range(256):
        for _ in range(8):
            entry = (entry >> 1) ^ (0xEDB88320 if entry & 1 else 0)
        table.append(entry)
    return tuple(table)


_TABLE = _make_table()


def crc32(data: bytes) -> int:
    crc = 0xFFFFFFFF
    for byte in data:
        crc = (crc >> 8) ^ _TABLE[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


def _inputs(rng: np.random.Generator, dims: Dims) -> dict[str, Any]:
    return {"data": rng.bytes(dims["nbytes"])}


def _oracle(values: Values, dims: Dims) -> dict[str, Any]:
    return {"return": zlib.crc32(values["data"])}


CRC32 = KernelSpec(
    name="crc32",
    summary="CRC-32 of bytes",
    arguments=(Argument("data", "in", "bytes", ("nbytes",)), Argument("nbytes", "length", "uint32")),
    dims=lambda size: {"nbytes": size},
    inputs=_inputs,
    oracle=_oracle,
    operations=lambda dims: dims["nbytes"],  # one table look-up per byte
    python=call_of(crc32, "data"),
    stdlib=call_of(zlib.crc32, "data"),
    numpy=Missing("each step needs the one before: no array form"),
    bench_size=1024,
    returns="uint32",
)
