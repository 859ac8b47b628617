"""Cases of the kernels on floating-point numbers, from exact rational arithmetic and stepwise rounding."""

import math
from collections.abc import Sequence
from fractions import Fraction

from .notation import Case, array, case, f32, inner, number, single, steps

NAN, INF = math.nan, math.inf


def sum8_cases() -> list[Case]:
    def entry(note: str, values: Sequence[float], expected: float) -> Case:
        inputs: Case = {name: number(value) for name, value in zip("abcdefgh", values, strict=True)}
        return case(note, inputs, {"return": number(expected)})

    def in_order(values: Sequence[float]) -> float:
        total = values[0]
        for value in values[1:]:
            total = float(Fraction(total) + Fraction(value))
        return total

    finite = {
        "small integers": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0],
        "one power of two each, so that no argument can be missed": [2.0**i for i in range(8)],
        "rounds after each sum": [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8],
        "only the stated order gives this result": [1e16, 1.0, -1e16, 1.0, 1e16, 1.0, -1e16, 1.0],
    }
    return [entry(note, values, in_order(values)) for note, values in finite.items()] + [
        entry("negative zeros only", [-0.0] * 8, -0.0),
        entry("infinity", [1.0, INF, 1.0, 1.0, 1.0, 1.0, 1.0, -1.0], INF),
        entry("infinities of both signs", [INF, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, -INF], NAN),
        entry("NaN", [1.0, 1.0, 1.0, NAN, 1.0, 1.0, 1.0, 1.0], NAN),
    ]


def dot_cases() -> list[Case]:
    def entry(note: str, x: Sequence[float], y: Sequence[float], expected: float, *, exact: bool = True) -> Case:
        inputs: Case = {"x": array("float64", x), "y": array("float64", y)}
        return case(note, inputs, {"return": number(expected)}, exact=exact)

    cases = []
    for size in (0, 1, 3, 8, 67):
        x, y = steps(size), steps(size, scale=0.5, stride=53)
        expected = inner(x, y)
        assert float(expected) == expected
        cases.append(entry(f"size {size}", x, y, float(expected)))
    thirds, sevenths = [(i % 7 + 1) / 3 for i in range(100)], [(i % 11 + 1) / 7 for i in range(100)]
    return [
        *cases,
        entry("rounds", thirds, sevenths, float(inner(thirds, sevenths)), exact=False),
        entry("infinity", [1.0, INF], [2.0, 3.0], INF),
        entry("infinity times zero", [1.0, INF], [2.0, 0.0], NAN),
        entry("NaN", [1.0, NAN, 3.0], [1.0, 1.0, 1.0], NAN),
    ]


def saxpy_cases() -> list[Case]:
    def entry(note: str, a: float, x: Sequence[float], y: Sequence[float]) -> Case:
        out = [single(single(a * p) + q) for p, q in zip(x, y, strict=True)]
        return case(note, {"a": number(a), "x": f32(*x), "y": f32(*y)}, {"out": f32(*out)})

    above_one = 1 + 2.0**-12
    return [
        *(entry(f"size {n}", 1.5, steps(n), steps(n, scale=0.5, stride=53)) for n in (0, 1, 7, 67)),
        entry("a fused multiply-add would give 2**-24", above_one, [above_one], [-(1 + 2.0**-11)]),
        entry("rounds", single(0.1), [single(0.3 * i) for i in range(9)], [single(0.7 * i) for i in range(9)]),
        entry("-0.0, infinities, NaN", 2.0, [-0.0, -0.0, INF, -INF, NAN, 1.0], [-0.0, 0.0, 1.0, 1.0, 1.0, NAN]),
        entry("zero times infinity", 0.0, [INF, 1.0], [1.0, 1.0]),
    ]


def product(a: Sequence[float], b: Sequence[float], m: int, k: int, n: int) -> list[Fraction]:
    """Return a[m, k] @ b[k, n], row-major, without rounding; every value must be finite."""
    return [inner(a[i * k : (i + 1) * k], b[j::n]) for i in range(m) for j in range(n)]


def exactly_single(values: Sequence[Fraction]) -> list[float]:
    """Return values as floats; each must be a binary32 value."""
    result = [single(float(value)) for value in values]
    assert result == list(values)
    return result


SHAPES = [(1, 1, 1), (2, 3, 4), (5, 4, 3), (3, 7, 19), (0, 3, 2), (2, 3, 0), (2, 0, 3), (0, 0, 0)]


def matmul_cases() -> list[Case]:
    def entry(note: str, mkn: Sequence[int], a: Case, b: Case, out: Sequence[float], *, exact: bool = True) -> Case:
        return case(note, {"a": a, "b": b}, {"out": f32(*out, shape=(mkn[0], mkn[2]))}, exact=exact)

    cases = []
    for m, k, n in SHAPES:
        a, b = steps(m * k), steps(k * n, scale=0.5, stride=53)
        out = exactly_single(product(a, b, m, k, n))
        cases.append(entry(f"m={m} k={k} n={n}", (m, k, n), f32(*a, shape=(m, k)), f32(*b, shape=(k, n)), out))
    a, b = [single((i % 7 + 1) / 3) for i in range(32)], [single((i % 11 + 1) / 7) for i in range(48)]
    rounded = [single(float(value)) for value in product(a, b, 2, 16, 3)]
    special_a, special_b = (INF, 1.0, 0.0, 1.0), (1.0, 0.0, NAN, 2.0, 3.0, 4.0)
    return [
        *cases,
        entry("rounds", (2, 16, 3), f32(*a, shape=(2, 16)), f32(*b, shape=(16, 3)), rounded, exact=False),
        entry(
            "infinity, infinity times zero, zero times NaN",
            (2, 2, 3),
            f32(*special_a, shape=(2, 2)),
            f32(*special_b, shape=(2, 3)),
            [INF, NAN, NAN, 2.0, 3.0, NAN],
        ),
    ]


def bias_add_cases() -> list[Case]:
    def entry(note: str, x: Sequence[float], bias: Sequence[float], m: int) -> Case:
        n = len(bias)
        out = [single(x[i * n + j] + bias[j]) for i in range(m) for j in range(n)]
        return case(note, {"x": f32(*x, shape=(m, n)), "bias": f32(*bias)}, {"out": f32(*out, shape=(m, n))})

    shapes = [(1, 1), (3, 4), (2, 19), (0, 3), (3, 0), (0, 0)]
    tenths = [single(0.1 * i) for i in range(6)]
    return [
        *(entry(f"m={m} n={n}", steps(m * n), steps(n, scale=0.5, stride=53), m) for m, n in shapes),
        entry("rounds", tenths, [single(0.7), single(1 / 3), 1e6], 2),
        entry("-0.0, infinities, NaN", [-0.0, -0.0, INF, INF, NAN, 1.0], [-0.0, 0.0, 1.0, -INF, 1.0, NAN], 1),
    ]


def rectified(value: float) -> float:
    """Return 0 for a negative value; -0.0 is not negative, and NaN neither."""
    return 0.0 if value < 0 else value


def relu_cases() -> list[Case]:
    def entry(note: str, x: Sequence[float]) -> Case:
        return case(note, {"x": f32(*x)}, {"out": f32(*map(rectified, x))})

    special = [0.0, -0.0, INF, -INF, NAN, 2.0**-149, -(2.0**-149), 1.0, -1.0]
    return [
        *(entry(f"size {n}", steps(n)) for n in (0, 1, 7, 67)),
        entry("special values, twice", special * 2),
    ]


def dense_relu_cases() -> list[Case]:
    def entry(note: str, mkn: Sequence[int], arrays: Sequence[Sequence[float]], out: Sequence[float]) -> Case:
        (m, k, n), (a, b, bias) = mkn, arrays
        inputs: Case = {"a": f32(*a, shape=(m, k)), "b": f32(*b, shape=(k, n)), "bias": f32(*bias)}
        return case(note, inputs, {"out": f32(*out, shape=(m, n))})

    cases = []
    for m, k, n in SHAPES:
        a, b, bias = steps(m * k), steps(k * n, scale=0.5, stride=53), steps(n, scale=2.0, stride=29)
        sums = [value + Fraction(bias[i % n]) for i, value in enumerate(product(a, b, m, k, n))]
        out = [rectified(value) for value in exactly_single(sums)]
        cases.append(entry(f"m={m} k={k} n={n}", (m, k, n), (a, b, bias), out))
    special = ([2.0], [INF, -INF, NAN, 1.0], [1.0, 1.0, 1.0, -INF])
    return [*cases, entry("infinities, NaN", (1, 1, 4), special, [INF, 0.0, NAN, 0.0])]
