"""What a prototype cannot say about a kernel: roles, shapes, inputs, oracle and counts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import numpy as np

Role = Literal["in", "out", "scalar", "length"]
Dims = Mapping[str, int]
Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Argument:
    """One C parameter and the part it plays.

    `dtype` is the NumPy name of a buffer's elements; "bytes" is uint8 that arrives as a Python bytes object. `shape`
    names a buffer's dimensions. A "length" takes the value of the dimension of its own name.
    """

    name: str
    role: Role
    dtype: str = ""
    shape: tuple[str, ...] = ()

    @property
    def is_buffer(self) -> bool:
        return self.role in ("in", "out")

    @property
    def element(self) -> str:
        """The NumPy name of the elements as they lie in memory."""
        return "uint8" if self.dtype == "bytes" else self.dtype


@dataclass(frozen=True, slots=True)
class Expression:
    """A Python reimplementation: an expression over the kernel's argument names and `names`.

    `value_of` says which result the expression's value is: "return", or the name of an output that it hands back
    instead of writing it.
    """

    call: str
    names: Mapping[str, object] = field(default_factory=dict)
    value_of: str = "return"


@dataclass(frozen=True, slots=True)
class Missing:
    """Why a kernel has no such reimplementation."""

    reason: str


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How far from the oracle a result may be: |result - oracle| <= absolute + relative * |oracle|."""

    relative: float = 0.0
    absolute: float = 0.0


@dataclass(frozen=True, slots=True)
class KernelSpec:
    """Everything about one kernel that is not its C code.

    `dims(size)` maps the size to named dimensions (a scalar kernel ignores it). `inputs(rng, dims)` makes the values of
    all "in" and "scalar" arguments. `oracle(values, dims)` computes every output, and "return", independently of the
    C code and of the reimplementations. `python`, `stdlib` and `numpy` are the reimplementations: a `python` one
    works on lists and bytes, the others on what they are given. `operations(dims)` counts arithmetic operations (table
    look-ups for crc32 and base64), as in the formula beside each. `derived` gives a dimension that is no parameter as
    integer arithmetic (+ - * //) over those that are, so that a generated binding can check it. A probe is there for
    the cost model alone: unless it is asked for by name, only a profile that has sizes for it measures it.
    """

    name: str
    summary: str
    arguments: tuple[Argument, ...]
    dims: Callable[[int], dict[str, int]]
    inputs: Callable[[np.random.Generator, Dims], dict[str, Any]]
    oracle: Callable[[Values, Dims], dict[str, Any]]
    operations: Callable[[Dims], int]
    python: Expression
    stdlib: Expression | Missing
    numpy: Expression | Missing
    bench_size: int = 0
    returns: str = ""
    derived: Mapping[str, str] = field(default_factory=dict)
    tolerance: Tolerance = Tolerance()
    is_probe: bool = False

    @property
    def symbol(self) -> str:
        return f"ffis_{self.name}"

    @property
    def buffers(self) -> tuple[Argument, ...]:
        return tuple(argument for argument in self.arguments if argument.is_buffer)

    @property
    def is_scalar(self) -> bool:
        """True where no buffer crosses, so that form and placement mean nothing."""
        return not self.buffers

    def nbytes(self, dims: Dims) -> int:
        """Bytes that the buffers hold: read for "in", written for "out"."""
        widths = {"float32": 4, "float64": 8, "uint8": 1, "int64": 8, "uint64": 8, "int32": 4, "uint32": 4}
        total = 0
        for argument in self.buffers:
            count = widths[argument.element]
            for name in argument.shape:
                count *= dims[name]
            total += count
        return total


def call_of(function: Callable[..., object], *arguments: str) -> Expression:
    """The expression that calls `function` with the kernel's arguments of these names."""
    return Expression(f"{function.__name__}({', '.join(arguments)})", {function.__name__: function})


def no_dims(size: int) -> dict[str, int]:
    """Dimensions of a scalar kernel: none."""
    return {}


def vector_dims(size: int) -> dict[str, int]:
    """Dimensions of an element-wise kernel: `size` elements."""
    return {"size": size}
