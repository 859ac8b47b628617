"""Expressions over CuPy arrays: what most users write."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from ffi_spectrum.device.launch import Launch
from ffi_spectrum.kernels.spec import KernelSpec
from ffi_spectrum.rungs.base import BoundCall, Buffers, RungInfo
from ffi_spectrum.rungs.device_rung import DeviceRung, device_info

# Expression, names of CuPy's functions in it, and the output that its value is ("return": the result).
_EXPRESSIONS: dict[str, tuple[str, tuple[str, ...], str]] = {
    "saxpy": ("a * x + y", (), "out"),
    "relu": ("maximum(x, 0)", ("maximum",), "out"),
    "bias_add": ("x + bias", (), "out"),
    "matmul": ("a @ b", (), "out"),
    "dense_relu": ("maximum(a @ b + bias, 0)", ("maximum",), "out"),
    "dot": ("dot(x, y)", ("dot",), "return"),
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
        text, functions, value_of = _EXPRESSIONS[buffers.kernel.name]
        inputs = (argument for argument in buffers.kernel.arguments if argument.role in ("in", "scalar"))
        names = {a.name: buffers.placed.get(a.name, buffers.workload.values.get(a.name)) for a in inputs}
        called = {name: getattr(self.session.cupy, name) for name in functions}

        def read(value: Any) -> Any:
            if value is None:
                return None  # there was no call
            host = self.session.to_host(value)
            return host if value_of != "return" else np.asarray(host).item()

        # the value is kept, and copied to the host behind the block, where nothing is timed
        return BoundCall(
            f"(_value := {text})", {**names, **called, "read": read}, value_of=value_of,
            setup=("_value = None",), teardown=("_value = read(_value)",), owner=(self, buffers),
        )  # fmt: skip

    def launch_call(self, launch: Launch, variant: str) -> BoundCall:
        raise NotImplementedError("CuPy makes the kernels of an expression: there is no launch of ours to write")

    def case_parts(self, case: Any, buffers: Buffers) -> dict[str, BoundCall]:
        return {"held": self.held(self._call(buffers, case.variant, 0))}

    def stamp(self, variant: str) -> BoundCall | None:
        return None

    def far_side(self, buffers: Buffers, variant: str = "") -> BoundCall | None:
        return None

    def count(self, kernel: KernelSpec) -> int | None:
        return None
