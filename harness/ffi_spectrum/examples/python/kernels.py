"""kernels.c without C: each kernel twice, in pure Python and in NumPy.

Pure Python follows the C line by line. NumPy is fast only where the loop goes away: at once for saxpy,
whose steps are independent; for CRC-32, where each step needs the one before, only with another algorithm.
"""

from collections.abc import MutableSequence, Sequence

import numpy as np
from numpy.typing import NDArray

POLYNOMIAL = 0xEDB88320  # RFC 1952, section 8
MASK = 0xFFFFFFFF  # Python's integers don't wrap: what C's uint32_t does by itself is written out here


def crc32_python(data: bytes) -> int:
    """CRC-32 of `data`, one bit at a time."""
    crc = MASK
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (POLYNOMIAL if crc & 1 else 0)
    return crc ^ MASK


def crc32_numpy(data: bytes) -> int:
    """CRC-32 of `data` in about log2(len(data)) passes over ever shorter arrays."""
    # The C loop's step is crc = advance(crc) ^ advance(byte), and advance is linear over XOR. So the steps
    # need no order: neighbours merge pairwise, the left one advanced by the right one's length.
    terms = np.concatenate(([np.uint32(MASK)], _ONE_BYTE[0][np.frombuffer(data, np.uint8)]))
    tables = _ONE_BYTE
    while terms.size > 1:
        if terms.size % 2:
            terms = np.concatenate(([np.uint32(0)], terms))  # a leading zero changes nothing
        terms = _advance(tables, terms[0::2]) ^ terms[1::2]
        tables = _advance(tables, tables)  # twice the length
    return int(terms[0]) ^ MASK


def saxpy_python(a: float, x: Sequence[float], y: MutableSequence[float]) -> None:
    """y = a * x + y, in place; computed in double precision and rounded to what `y` stores."""
    for i in range(len(x)):
        y[i] = a * x[i] + y[i]


def saxpy_numpy(a: float, x: NDArray[np.float32], y: NDArray[np.float32]) -> None:
    """y = a * x + y, in place; any strides, one temporary array."""
    y += np.float32(a) * x


def _one_byte_tables() -> NDArray[np.uint32]:
    """(4, 256): what a CRC register becomes after one zero byte, for each value of each of its four bytes."""
    crc = np.arange(256, dtype=np.uint32) << np.array([[0], [8], [16], [24]], dtype=np.uint32)
    for _ in range(8):
        crc = (crc >> np.uint32(1)) ^ np.where(crc & 1, np.uint32(POLYNOMIAL), np.uint32(0))
    return crc


def _advance(tables: NDArray[np.uint32], crc: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Each register advanced by the number of zero bytes that `tables` stand for."""
    low, second, third, high = tables
    advanced: NDArray[np.uint32]
    advanced = low[crc & 255] ^ second[crc >> 8 & 255] ^ third[crc >> 16 & 255] ^ high[crc >> 24]
    return advanced


_ONE_BYTE = _one_byte_tables()
