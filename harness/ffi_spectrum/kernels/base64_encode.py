"""base64_encode: RFC 4648 base64 with padding, bytes to bytes."""

from __future__ import annotations

import base64
import binascii
from typing import Any

import numpy as np

from ffi_spectrum.kernels.spec import Argument, Dims, Expression, KernelSpec, Values, call_of

_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_ALPHABET_ARRAY = np.frombuffer(_ALPHABET.encode(), np.uint8)


def base64_encode(data: bytes, out: bytearray) -> int:
    characters = []
    for i in range(0, len(data), 3):
        group = data[i : i + 3]
        word = int.from_bytes(group.ljust(3, b"\0"), "big")
        quad = "".join(_ALPHABET[(word >> shift) & 63] for shift in (18, 12, 6, 0))
        characters.append(quad[: len(group) + 1].ljust(4, "="))
    encoded = "".join(characters).encode()
    out[:] = encoded
    return len(encoded)


def base64_encode_numpy(data: bytes, out: np.ndarray[Any, np.dtype[np.uint8]]) -> int:
    padding = -len(data) % 3
    triples = np.frombuffer(data + b"\0" * padding, np.uint8).reshape(-1, 3).astype(np.uint32)
    words = triples[:, 0] << 16 | triples[:, 1] << 8 | triples[:, 2]
    sextets = words[:, None] >> np.array([18, 12, 6, 0], np.uint32) & 63
    out[:] = _ALPHABET_ARRAY[sextets].reshape(-1)
    if padding:
        out[-padding:] = ord("=")
    return out.size


def _inputs(rng: np.random.Generator, dims: Dims) -> dict[str, Any]:
    return {"data": rng.bytes(dims["nbytes"])}


def _oracle(values: Values, dims: Dims) -> dict[str, Any]:
    encoded = base64.b64encode(values["data"])
    return {"return": len(encoded), "out": np.frombuffer(encoded, np.uint8)}


BASE64_ENCODE = KernelSpec(
    name="base64_encode",
    summary="base64 of bytes",
    arguments=(
        Argument("data", "in", "bytes", ("nbytes",)),
        Argument("nbytes", "length", "uint32"),
        Argument("out", "out", "uint8", ("encoded_nbytes",)),
    ),
    dims=lambda size: {"nbytes": size, "encoded_nbytes": (size + 2) // 3 * 4},
    inputs=_inputs,
    oracle=_oracle,
    operations=lambda dims: dims["encoded_nbytes"],  # one table look-up per character
    python=call_of(base64_encode, "data", "out"),
    stdlib=Expression("b2a_base64(data, newline=False)", {"b2a_base64": binascii.b2a_base64}, value_of="out"),
    numpy=call_of(base64_encode_numpy, "data", "out"),
    bench_size=1024,
    returns="uint32",
    derived={"encoded_nbytes": "(nbytes + 2) // 3 * 4"},
)
