"""NVIDIA's cuda-bindings: the driver API as it is, in Cython."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from ffi_spectrum.device.launch import Launch
from ffi_spectrum.rungs.base import BoundCall, RungInfo
from ffi_spectrum.rungs.cupy_driver import LAUNCH_ARGUMENTS, handles
from ffi_spectrum.rungs.device_rung import device_info
from ffi_spectrum.rungs.launch_rung import LaunchRung


class CudaBindings(LaunchRung):
    """`driver.cuLaunchKernel` with handles made beforehand; it returns the error code instead of raising.

    Its runtime API has no launch (cuda-bindings 13.3): the variant "runtime" of cuda_ctypes has.
    """

    info: ClassVar[RungInfo] = device_info(
        "prebound", name="cuda_bindings", purpose="NVIDIA's own binding of the driver API",
        native_code="libcuda, cuda-bindings",
    )  # fmt: skip

    def _open_path(self) -> None:
        from cuda.bindings import driver

        self._driver = driver

    def launch_call(self, launch: Launch, variant: str) -> BoundCall:
        made = handles(launch)
        names: dict[str, Any] = {
            **made, "function": self._driver.CUfunction(made["function"]), "stream": self._stream(),
            "cuLaunchKernel": self._driver.cuLaunchKernel,
        }  # fmt: skip
        return BoundCall(f"cuLaunchKernel({LAUNCH_ARGUMENTS})", names, owner=launch)

    def _stream(self) -> Any:
        return self._driver.CUstream(int(self.session.stream.ptr))

    def waiting(self, variant: str) -> tuple[str, Mapping[str, Any]]:
        return "wait(stream)", {"wait": self._driver.cuStreamSynchronize, "stream": self._stream()}
