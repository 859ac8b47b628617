"""CuPy's ElementwiseKernel: the body of a loop in CUDA, on arrays that exist."""

from __future__ import annotations

from typing import ClassVar

from ffi_spectrum.kernels.spec import KernelSpec
from ffi_spectrum.rungs.base import BoundCall, Buffers, RungInfo
from ffi_spectrum.rungs.cupy_expression import CupyExpression
from ffi_spectrum.rungs.device_rung import device_info

# Parameters read, parameter written, and what is done with one element.
_KERNELS = {
    "saxpy": ("float32 a, float32 x, float32 y", "float32 out", "out = a * x + y"),
    "relu": ("float32 x", "float32 out", "out = x < 0.0f ? 0.0f : x"),
    "bias_add": ("float32 x, float32 bias", "float32 out", "out = x + bias"),
}


class CupyElementwise(CupyExpression):
    """`kernel(a, x, y, out)`: one launch, whose sizes and strides CuPy works out at each call."""

    info: ClassVar[RungInfo] = device_info(
        "fresh", name="cupy_elementwise", purpose="several array operators in one launch",
        native_code="libcuda, CuPy", has_far_side=False, flushes_subnormals=True,
    )  # fmt: skip

    @classmethod
    def _missing(cls, kernel: KernelSpec) -> str:
        return "" if kernel.name in _KERNELS else "only an element-wise kernel with arrays is one"

    def _call(self, buffers: Buffers, variant: str, nargs: int) -> BoundCall:
        kernel = buffers.kernel
        read, written, body = _KERNELS[kernel.name]
        made = self.session.cupy.ElementwiseKernel(read, written, body, f"ffis_elementwise_{kernel.name}")
        arguments = [argument for argument in kernel.arguments if argument.role != "length"]
        names = {a.name: buffers.placed.get(a.name, buffers.workload.values.get(a.name)) for a in arguments}
        text = f"{kernel.name}({', '.join(names)})"
        return BoundCall(text, {**names, kernel.name: made}, owner=(self, buffers))
