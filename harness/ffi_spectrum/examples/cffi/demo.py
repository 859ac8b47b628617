"""Calls both kernels and checks what they return: exit status 1 on a mismatch."""

import sys

import numpy as np

import kernels

CRC32_CHECK = 0xCBF43926  # the published check value: CRC-32 of b"123456789"
SIZE = 1003  # no multiple of a vector's width, so the loop's tail runs too


def main() -> int:
    crc = kernels.crc32(b"123456789")

    x = np.arange(SIZE, dtype=np.float32)
    y = np.ones(SIZE, dtype=np.float32)
    kernels.saxpy(2.0, x, y)

    crc_ok = crc == CRC32_CHECK
    saxpy_ok = np.array_equal(y, np.arange(1, 2 * SIZE, 2))  # 2i + 1, exact in float32
    print(f"crc32: 0x{crc:08X} {'ok' if crc_ok else 'MISMATCH'}")
    print(f"saxpy: {SIZE} elements {'ok' if saxpy_ok else 'MISMATCH'}")
    return 0 if crc_ok and saxpy_ok else 1


if __name__ == "__main__":
    sys.exit(main())
