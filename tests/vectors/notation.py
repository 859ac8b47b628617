"""How the vector files write numbers, arrays and cases, and the exact arithmetic that the cases share."""

import math
from collections.abc import Sequence
from fractions import Fraction

import numpy as np

Case = dict[str, object]


def number(value: float) -> float | str:
    """Return value as JSON can hold it: NaN, the infinities and -0.0 become strings."""
    if math.isnan(value):
        return "nan"
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    return "-0.0" if value == 0 and math.copysign(1.0, value) < 0 else float(value)


def f32(*data: float, shape: Sequence[int] | None = None) -> Case:
    """Return a float32 array, row-major, one-dimensional by default; the values must be binary32."""
    with np.errstate(all="ignore"):
        stored = np.array(data, dtype=np.float32).astype(np.float64)
    np.testing.assert_array_equal(stored, np.array(data, dtype=np.float64))
    return array("float32", data, shape)


def array(dtype: str, data: Sequence[float], shape: Sequence[int] | None = None) -> Case:
    """Return an array of dtype in the files' form."""
    shape = [len(data)] if shape is None else list(shape)
    assert math.prod(shape) == len(data)
    return {"dtype": dtype, "shape": shape, "data": [number(value) for value in data]}


def case(note: str, inputs: Case, outputs: Case, *, exact: bool = True) -> Case:
    """Return one case in the files' form."""
    return {"inputs": inputs, "outputs": outputs, "exact": exact, "note": note}


def single(value: float) -> float:
    """Round a binary64 value to the nearest binary32.

    For one sum or product of two binary32 values, computed in binary64, this is the correctly rounded result
    (Figueroa, "When is double rounding innocuous?", SIGNUM Newsletter 30(3), 1995).
    """
    return float(np.float32(value))


def inner(x: Sequence[float], y: Sequence[float]) -> Fraction:
    """Return the exact inner product of finite vectors."""
    return sum((Fraction(p) * Fraction(q) for p, q in zip(x, y, strict=True)), Fraction(0))


def steps(count: int, *, scale: float = 0.25, stride: int = 37) -> list[float]:
    """Return count varied multiples of scale, with |value| <= 50 * scale."""
    return [float((i * stride + 11) % 101 - 50) * scale for i in range(count)]
