"""Calls both versions of both kernels and checks what they return: exit status 1 on a mismatch."""

import sys
import zlib
from array import array

import numpy as np

import kernels

CRC32_CHECK = 0xCBF43926  # the published check value: CRC-32 of b"123456789"
SIZE = 1003


def check_crc32(data: bytes) -> bool:
    """Both versions agree with zlib, which is C."""
    return kernels.crc32_python(data) == kernels.crc32_numpy(data) == zlib.crc32(data)


def check_saxpy() -> bool:
    """Both versions give 2i + 1, which is exact in float32."""
    expected = np.arange(1, 2 * SIZE, 2)
    x = np.arange(SIZE, dtype=np.float32)
    y = np.ones(SIZE, dtype=np.float32)
    kernels.saxpy_numpy(2.0, x, y)

    # Lists and array.array: a loop over an ndarray's elements is several times slower.
    x_array, y_array = array("f", range(SIZE)), array("f", [1] * SIZE)
    kernels.saxpy_python(2.0, x_array, y_array)
    return np.array_equal(y, expected) and np.array_equal(y_array, expected)


def main() -> int:
    crc = kernels.crc32_python(b"123456789")
    crc_ok = crc == CRC32_CHECK and check_crc32(b"123456789") and check_crc32(bytes(range(256)) * 5)
    saxpy_ok = check_saxpy()
    print(f"crc32: 0x{crc:08X} {'ok' if crc_ok else 'MISMATCH'}")
    print(f"saxpy: {SIZE} elements {'ok' if saxpy_ok else 'MISMATCH'}")
    return 0 if crc_ok and saxpy_ok else 1


if __name__ == "__main__":
    sys.exit(main())
