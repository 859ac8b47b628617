"""NVIDIA's cuda.core: launches with Python objects for stream, configuration and kernel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from ffi_spectrum.device.launch import Launch, address_of
from ffi_spectrum.errors import DeviceError
from ffi_spectrum.rungs.base import BoundCall, RungInfo
from ffi_spectrum.rungs.device_rung import device_info
from ffi_spectrum.rungs.launch_rung import LaunchRung


class CudaCore(LaunchRung):
    """`launch(stream, config, kernel, *arguments)`: NumPy scalars, and device addresses as integers.

    It loads the cubin as a library, whose kernels are CUkernels, and calls cuLaunchKernelEx.
    """

    info: ClassVar[RungInfo] = device_info(
        "fresh", name="cuda_core", purpose="NVIDIA's Python API for launching kernels",
        native_code="libcuda, cuda-core, cuda-bindings",
    )  # fmt: skip

    def _open_path(self) -> None:
        from cuda.core import Device, ObjectCode, Stream

        Device(0).set_current()
        self._code = ObjectCode.from_cubin(self.artifacts["cubin"].path.read_bytes())
        self._stream = Stream.from_handle(int(self.session.stream.ptr))

    def launch_call(self, launch: Launch, variant: str) -> BoundCall:
        from cuda.core import LaunchConfig
        from cuda.core import launch as launch_kernel

        objects = {n: v if isinstance(v, np.generic) else address_of(v) for n, v in launch.objects.items()}
        names: dict[str, Any] = {
            "launch": launch_kernel, "stream": self._stream, "kernel": self._code.get_kernel(launch.symbol),
            "config": LaunchConfig(grid=launch.grid, block=launch.block), **objects,
        }  # fmt: skip
        return BoundCall(f"launch({', '.join(['stream', 'config', 'kernel', *objects])})", names, owner=launch)

    def waiting(self, variant: str) -> tuple[str, Mapping[str, Any]]:
        return "wait()", {"wait": self._stream.sync}

    def _counters(self, symbol: str) -> list[int]:
        from cuda.bindings import driver

        ours = super()._counters(symbol)
        if not ours:
            return []
        library = driver.CUlibrary(int(self._code.handle))
        error, address, _ = driver.cuLibraryGetGlobal(library, symbol.encode())
        if int(error) != 0:
            raise DeviceError(f"looking up {symbol} in cuda.core's library: the driver says error {int(error)}")
        return [*ours, int(address)]
