"""The device of a worker process, by address: memory, copies and launches through ctypes on the driver alone.

Without CuPy, whose import takes longer than everything else that a worker does before it can serve.
"""

from __future__ import annotations

import ctypes
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ffi_spectrum.device.errors import check
from ffi_spectrum.device.geometry import geometry
from ffi_spectrum.device.launch import Launch, make_launch
from ffi_spectrum.device.launcher import Launcher, PreparedLaunch
from ffi_spectrum.device.probe import LIBRARY
from ffi_spectrum.errors import DeviceError
from ffi_spectrum.kernels.spec import Dims, KernelSpec

_DEVICE = 0
# cuda.h: CU_STREAM_NON_BLOCKING, CU_MEMHOSTREGISTER_DEVICEMAP, CUDA_ERROR_NOT_FOUND
_NON_BLOCKING, _DEVICE_MAP, _NOT_FOUND = 1, 2, 500
# What one call of the launcher takes.
_MOST_LAUNCHES = 2**31
_Word, _Pointer = ctypes.c_uint64, ctypes.c_void_p


class Ready(NamedTuple):
    """A launch that can be made again and again; it holds what its address points to."""

    address: int
    held: tuple[Launch, PreparedLaunch]


class Engine:
    """The first visible device's primary context, with one stream and one module; raises DeviceError throughout.

    Addresses are the device's, host memory's too, and whoever passes them answers for what lies there. Nothing is given
    back before the process ends. One thread at a time, each of which has to `enter` first.
    """

    def __init__(self, cubin: Path, launcher: Path) -> None:
        self._driver = ctypes.CDLL(LIBRARY)
        self._launcher = Launcher(launcher)
        self._context, self._stream, self._module = _Pointer(), _Pointer(), _Pointer()
        device = ctypes.c_int()
        self._do("cuInit", 0)
        self._do("cuDeviceGet", ctypes.byref(device), _DEVICE)
        self._do("cuDevicePrimaryCtxRetain", ctypes.byref(self._context), device)
        self.enter()
        self._do("cuStreamCreate", ctypes.byref(self._stream), _NON_BLOCKING)
        self._do("cuModuleLoadData", ctypes.byref(self._module), cubin.read_bytes())
        self._entry = ctypes.cast(self._driver.cuLaunchKernel, _Pointer).value or 0
        self._synchronize = self._driver.cuStreamSynchronize
        self._synchronize.argtypes = (_Pointer,)
        self._copy = self._driver.cuMemcpyAsync
        self._copy.argtypes = (_Word, _Word, ctypes.c_size_t, _Pointer)

    def enter(self) -> None:
        """Make the context the calling thread's."""
        self._do("cuCtxSetCurrent", self._context)

    def allocate(self, nbytes: int) -> int:
        """The address of new memory on the device."""
        address = _Word()
        self._do("cuMemAlloc_v2", ctypes.byref(address), ctypes.c_size_t(nbytes))
        return address.value

    def pin(self, address: int, nbytes: int) -> int:
        """Pin host memory, and map it for kernels; it must last as long as the process. Where the device finds it."""
        found = _Word()
        self._do("cuMemHostRegister_v2", _Pointer(address), ctypes.c_size_t(nbytes), _DEVICE_MAP)
        self._do("cuMemHostGetDevicePointer_v2", ctypes.byref(found), _Pointer(address), 0)
        return found.value

    def copy(self, to: int, source: int, nbytes: int) -> None:
        """Have bytes copied, on the device or between it and pinned memory; `wait` says when they are."""
        check(self._copy(to, source, nbytes, self._stream), "copying")

    def ready(self, kernel: KernelSpec, dims: Dims, objects: Mapping[str, Any]) -> Ready:
        """A launch of one of our kernels; arguments are NumPy scalars in the kernel's order, addresses uint64."""
        function = _Pointer()
        self._do("cuModuleGetFunction", ctypes.byref(function), self._module, kernel.symbol.encode())
        extents = geometry(kernel.name, dims)
        launch = make_launch(kernel.symbol, function.value or 0, self._stream.value or 0, extents, objects)
        prepared = launch.prepared(self._entry)
        return Ready(ctypes.addressof(prepared), (launch, prepared))

    def launch(self, ready: Ready, times: int) -> None:
        """Launch so often, by one crossing; `wait` says when all are finished."""
        while times > 0:
            most = min(times, _MOST_LAUNCHES)
            check(self._launcher.launch_n(ready.address, most), "launching")
            times -= most

    def wait(self) -> None:
        """Wait for all copies and launches; raises what failed in them."""
        check(self._synchronize(self._stream), "waiting for the device")

    def count(self, kernel: KernelSpec) -> int | None:
        """How often the kernel was launched, None in a build that does not count."""
        address, nbytes, found = _Word(), ctypes.c_size_t(), _Word()
        symbol = f"ffis_count_{kernel.name}".encode()
        try:
            self._do("cuModuleGetGlobal_v2", ctypes.byref(address), ctypes.byref(nbytes), self._module, symbol)
        except DeviceError as error:
            if error.code != _NOT_FOUND:
                raise
            return None
        self._do("cuMemcpyDtoH_v2", ctypes.byref(found), address, nbytes)
        return found.value

    def _do(self, symbol: str, *arguments: Any) -> None:
        check(self._driver[symbol](*arguments), symbol)


def open_engine(cubin: Path, launcher: Path) -> Engine:
    """What a worker calls with the artifacts that it was given; raises DeviceError."""
    return Engine(cubin, launcher)
