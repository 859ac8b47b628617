"""The dense layer's kernels share their dimensions: out[m, n] = relu(a[m, k] @ b[k, n] + bias[n])."""

from __future__ import annotations

import math

from ffi_spectrum.kernels.spec import Tolerance

# k products and sums in float32, each rounded by at most 2**-24 of partial sums near sqrt(k) for normal inputs.
MATMUL_TOLERANCE = Tolerance(relative=2**-17, absolute=2**-14)


def matmul_dims(size: int) -> dict[str, int]:
    """m = isqrt(size), k = m, n = size // m: `size` is close to the elements of output; 0 gives an empty product."""
    m = math.isqrt(size)
    return {"m": m, "k": m, "n": size // m if m else 0}


def matrix_dims(size: int) -> dict[str, int]:
    """m and n as in `matmul_dims`."""
    dims = matmul_dims(size)
    return {"m": dims["m"], "n": dims["n"]}
