"""ctypes on libcuda, and on the CUDA runtime."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping
from typing import Any, ClassVar

from ffi_spectrum.device.errors import check
from ffi_spectrum.device.launch import Launch
from ffi_spectrum.device.probe import LIBRARY
from ffi_spectrum.errors import Unavailable
from ffi_spectrum.rungs.base import BoundCall, RungInfo
from ffi_spectrum.rungs.cupy_driver import LAUNCH_ARGUMENTS, handles
from ffi_spectrum.rungs.device_rung import device_info
from ffi_spectrum.rungs.launch_rung import LaunchRung

_POINTER, _U32 = ctypes.c_void_p, ctypes.c_uint32
_LAUNCH = (_POINTER, _U32, _U32, _U32, _U32, _U32, _U32, _U32, _POINTER, _POINTER, _POINTER)


class _Dim3(ctypes.Structure):
    """`dim3` of the runtime API, which is passed by value."""

    _fields_ = (("x", _U32), ("y", _U32), ("z", _U32))


class CudaCtypes(LaunchRung):
    """`cuLaunchKernel` with argtypes; the variant "runtime" is `cudaLaunchKernel` of libcudart on a kernel's handle.

    The runtime's kernels come from cudaLibraryGetKernel, and are CUkernels.
    """

    info: ClassVar[RungInfo] = device_info(
        "prebound", name="cuda_ctypes", purpose="the driver or the runtime without any package for it",
        variants={"prebound": ("", "runtime")},
    )  # fmt: skip

    def _open_path(self) -> None:
        self._driver = ctypes.CDLL(LIBRARY)
        self._launch = self._typed(self._driver, "cuLaunchKernel")
        self._wait = self._driver.cuStreamSynchronize
        self._wait.argtypes = (_POINTER,)
        self._runtime = ctypes.CDLL(_runtime_path())
        self._runtime_launch = self._runtime.cudaLaunchKernel
        self._runtime_launch.argtypes = (_POINTER, _Dim3, _Dim3, _POINTER, ctypes.c_size_t, _POINTER)
        self._library = _POINTER()
        self._image = self.artifacts["cubin"].path.read_bytes()
        loaded = self._runtime.cudaLibraryLoadData(
            ctypes.byref(self._library), self._image, None, None, _U32(0), None, None, _U32(0)
        )
        check(loaded, "loading the cubin with the CUDA runtime")

    @staticmethod
    def _typed(library: ctypes.CDLL, symbol: str) -> Any:
        function = library[symbol]
        function.argtypes = _LAUNCH
        return function

    def launch_call(self, launch: Launch, variant: str) -> BoundCall:
        if variant == "runtime":
            return self._runtime_call(launch)
        return BoundCall(
            f"cuLaunchKernel({LAUNCH_ARGUMENTS})", {"cuLaunchKernel": self._launch, **handles(launch)}, owner=launch
        )

    def _runtime_call(self, launch: Launch) -> BoundCall:
        kernel = _POINTER()
        found = self._runtime.cudaLibraryGetKernel(ctypes.byref(kernel), self._library, launch.symbol.encode())
        check(found, f"looking up {launch.symbol} with the CUDA runtime")
        names = {
            "cudaLaunchKernel": self._runtime_launch, "function": kernel.value, "grid": _Dim3(*launch.grid),
            "block": _Dim3(*launch.block), "parameters": launch.parameters, "stream": launch.stream,
        }  # fmt: skip
        return BoundCall("cudaLaunchKernel(function, grid, block, parameters, 0, stream)", names, owner=launch)

    def nothing_call(self, launch: Launch, variant: str) -> BoundCall | None:
        if variant:
            return None
        nothing = self._typed(self.session.launcher.library, "ffis_launch_nothing")
        return BoundCall(
            f"cuLaunchKernel({LAUNCH_ARGUMENTS})", {"cuLaunchKernel": nothing, **handles(launch)}, owner=launch
        )

    def waiting(self, variant: str) -> tuple[str, Mapping[str, Any]]:
        return "wait(stream)", {"wait": self._wait, "stream": int(self.session.stream.ptr)}

    def _counters(self, symbol: str) -> list[int]:
        ours = super()._counters(symbol)
        if not ours:
            return []
        address, nbytes = _POINTER(), ctypes.c_size_t()
        found = self._runtime.cudaLibraryGetGlobal(
            ctypes.byref(address), ctypes.byref(nbytes), self._library, symbol.encode()
        )
        check(found, f"looking up {symbol} with the CUDA runtime")
        return [*ours, address.value or 0]


def _runtime_path() -> str:
    """The CUDA runtime of NVIDIA's packages or of the system, where cuda.pathfinder finds it; raises Unavailable."""
    from cuda.pathfinder import DynamicLibNotFoundError, load_nvidia_dynamic_lib

    try:
        found: str | None = load_nvidia_dynamic_lib("cudart").abs_path
    except DynamicLibNotFoundError as error:
        raise Unavailable("the CUDA runtime was not found: `pip install nvidia-cuda-runtime`") from error
    return found or "libcudart.so.13"
