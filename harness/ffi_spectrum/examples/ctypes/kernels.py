"""The two kernels as Python functions, out of libkernels.so through dlopen.

ctypes knows nothing about the library but what is declared here, and nobody compares that with the C source:
a wrong type is a wrong result or a crash. CDLL releases the GIL during each call, PyDLL would not.
"""

import ctypes
from pathlib import Path

import numpy as np
from numpy.ctypeslib import ndpointer
from numpy.typing import NDArray

# The full path: dlopen looks for a bare name in the system's directories, not here.
_PATH = Path(__file__).resolve().with_name("libkernels.so")
try:
    _library = ctypes.CDLL(str(_PATH))
except OSError as error:
    raise ImportError(f"cannot load {_PATH} (run `make` first): {error}") from error

# ndpointer checks dtype and flags before the pointer crosses, and raises ctypes.ArgumentError.
_FLOATS_IN = ndpointer(np.float32, flags=("C_CONTIGUOUS", "ALIGNED"))
_FLOATS_INOUT = ndpointer(np.float32, flags=("C_CONTIGUOUS", "ALIGNED", "WRITEABLE"))

# Without argtypes an int crosses as a C int and a float not at all; without restype every result is a C int.
_library.kernels_crc32.argtypes = [ctypes.c_char_p, ctypes.c_size_t]
_library.kernels_crc32.restype = ctypes.c_uint32
_library.kernels_saxpy.argtypes = [ctypes.c_float, _FLOATS_IN, _FLOATS_INOUT, ctypes.c_size_t]
_library.kernels_saxpy.restype = None


def crc32(data: bytes) -> int:
    """CRC-32 of `data`."""
    # c_char_p passes bytes as a pointer to their contents: no copy, and zero bytes don't end them.
    crc: int = _library.kernels_crc32(data, len(data))
    return crc


def saxpy(a: float, x: NDArray[np.float32], y: NDArray[np.float32]) -> None:
    """y = a * x + y, in place; `x` and `y` are C-contiguous, of one shape."""
    if x.shape != y.shape:
        raise ValueError(f"x and y differ in shape: {x.shape} and {y.shape}")
    _library.kernels_saxpy(a, x, y, x.size)
