"""CuPy's function object, bound once, with arguments that are ready: what is left of a RawKernel's launch."""

from __future__ import annotations

import ctypes
from typing import ClassVar

from ffi_spectrum.device.launch import Launch
from ffi_spectrum.rungs.base import BoundCall, RungInfo
from ffi_spectrum.rungs.cupy_raw import CupyRaw
from ffi_spectrum.rungs.device_rung import device_info


class CupyPreset(CupyRaw):
    """`kernel.kernel` with a tuple of `cupy.cuda.function.CPointer`, each the address of an argument's value."""

    info: ClassVar[RungInfo] = device_info(
        "prebound", name="cupy_preset", purpose="a RawKernel whose arguments never change",
        native_code="libcuda, CuPy",
    )  # fmt: skip

    def launch_call(self, launch: Launch, variant: str) -> BoundCall:
        from cupy.cuda.function import CPointer

        arguments = tuple(CPointer(ctypes.addressof(value)) for value in launch.values)
        names = {
            "function": self.kernel(launch.symbol).kernel, "grid": launch.grid, "block": launch.block,
            "arguments": arguments,
        }  # fmt: skip
        return BoundCall("function(grid, block, arguments)", names, owner=launch)
