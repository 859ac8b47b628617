"""Expressions over CuPy arrays: what most users write."""

from __future__ import annotations

import re
from typing import Any, ClassVar

import numpy as np

from ffi_spectrum.kernels.spec import KernelSpec
from ffi_spectrum.rungs.base import BoundCall, Buffers, RungInfo
from ffi_spectrum.rungs.device_rung import DeviceRung, device_info

# Over the kernel's arguments and CuPy's functions; the value is the kernel's output, or what it returns.
_EXPRESSIONS = {
    "saxpy": "a * x + y",
    "relu": "maximum(x, 0)",
    "bias_add": "x + bias",
    "matmul": "a @ b",
    "dense_relu": "maximum(a @ b + bias, 0)",
    "dot": "dot(x, y)",
}


class CupyExpression(DeviceRung):
    """`a * x + y`: one launch per operator, an array allocated for each; products are cuBLAS's."""

    info: ClassVar[RungInfo] = device_info(
        "fresh", name="cupy_expression", purpose="NumPy's expressions on the device",
        copies="each operator allocates its result, from CuPy's pool", native_code="libcuda, CuPy, cuBLAS",
        has_far_side=False, flushes_subnormals=True,
    )  # fmt: skip

    @classmethod
    def _missing(cls, kernel: KernelSpec) -> str:
        return "" if kernel.name in _EXPRESSIONS else "no array expression does this"

    def _call(self, buffers: Buffers, variant: str, nargs: int) -> BoundCall:
        kernel, text = buffers.kernel, _EXPRESSIONS[buffers.kernel.name]
        names = operands(buffers, "in", "scalar")
        functions = {name: getattr(self.session.cupy, name) for name in re.findall(r"(\w+)\(", text)}

        def read(value: Any) -> Any:
            if value is None:
                return None  # there was no call
            host = self.session.to_host(value)
            return np.asarray(host).item() if kernel.returns else host

        # the value is kept, and copied to the host behind the block, where nothing is timed
        return BoundCall(
            f"(_value := {text})", {**names, **functions, "read": read},
            value_of="return" if kernel.returns else next(a.name for a in kernel.buffers if a.role == "out"),
            setup=("_value = None",), teardown=("_value = read(_value)",), owner=(self, buffers),
        )  # fmt: skip


def operands(buffers: Buffers, *roles: str) -> dict[str, Any]:
    """Device arrays and scalars by name, in the order of the kernel's arguments."""
    arguments = (argument for argument in buffers.kernel.arguments if argument.role in roles)
    return {a.name: buffers.placed.get(a.name, buffers.workload.values.get(a.name)) for a in arguments}
