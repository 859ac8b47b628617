"""CuPy's ElementwiseKernel: the body of a loop in CUDA, on arrays that exist."""

from __future__ import annotations

from typing import ClassVar

from ffi_spectrum.kernels.spec import KernelSpec
from ffi_spectrum.rungs.base import BoundCall, Buffers, RungInfo
from ffi_spectrum.rungs.cupy_expression import operands
from ffi_spectrum.rungs.device_rung import DeviceRung, device_info

# What is done with one element.
_BODIES = {
    "saxpy": "out = a * x + y",
    "relu": "out = x < 0.0f ? 0.0f : x",
    "bias_add": "out = x + bias",
}


class CupyElementwise(DeviceRung):
    """`kernel(a, x, y, out)`: one launch, whose sizes and strides CuPy works out at each call."""

    info: ClassVar[RungInfo] = device_info(
        "fresh", name="cupy_elementwise", purpose="several array operators in one launch",
        native_code="libcuda, CuPy", has_far_side=False, flushes_subnormals=True,
    )  # fmt: skip

    @classmethod
    def _missing(cls, kernel: KernelSpec) -> str:
        return "" if kernel.name in _BODIES else "only an element-wise kernel with arrays is one"

    def _call(self, buffers: Buffers, variant: str, nargs: int) -> BoundCall:
        kernel = buffers.kernel
        read, written = (_parameters(kernel, *roles) for roles in (("in", "scalar"), ("out",)))
        name = f"ffis_elementwise_{kernel.name}"
        made = self.session.cupy.ElementwiseKernel(read, written, _BODIES[kernel.name], name)
        names = operands(buffers, "in", "scalar", "out")
        return BoundCall(f"{kernel.name}({', '.join(names)})", {**names, kernel.name: made}, owner=(self, buffers))


def _parameters(kernel: KernelSpec, *roles: str) -> str:
    """The kernel's arguments of these roles as ElementwiseKernel declares them: "float32 x, float32 y"."""
    return ", ".join(f"{a.dtype} {a.name}" for a in kernel.arguments if a.role in roles)
