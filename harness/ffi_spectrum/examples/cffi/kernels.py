"""The two kernels as Python functions, on top of the compiled module `_kernels`.

cffi converts and checks scalars and releases the GIL during each call. It doesn't look into arrays: that is
done here.
"""

import numpy as np
from _kernels import ffi, lib
from numpy.typing import NDArray


def crc32(data: bytes) -> int:
    """CRC-32 of `data`."""
    # cffi passes bytes as a pointer to their contents: no copy, valid during the call.
    crc: int = lib.kernels_crc32(data, len(data))
    return crc


def saxpy(a: float, x: NDArray[np.float32], y: NDArray[np.float32]) -> None:
    """y = a * x + y, in place; `x` and `y` are C-contiguous, of one shape."""
    if x.shape != y.shape:
        raise ValueError(f"x and y differ in shape: {x.shape} and {y.shape}")
    lib.kernels_saxpy(a, _floats(x), _floats(y, writable=True), x.size)


def _floats(array: NDArray[np.float32], writable: bool = False) -> "ffi.CData":
    """Borrow the array's memory as `float[]`; the result keeps the array alive."""
    # from_buffer refuses what isn't contiguous or writable, but would take float64 for twice as many floats.
    if array.dtype != np.float32 or not array.flags.aligned:
        raise TypeError(f"need aligned float32, got {array.dtype} with aligned={array.flags.aligned}")
    return ffi.from_buffer("float[]", array, require_writable=writable)
