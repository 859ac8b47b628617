"""cffi in ABI mode on libcuda."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import cffi

from ffi_spectrum.device.launch import Launch
from ffi_spectrum.device.probe import LIBRARY
from ffi_spectrum.rungs.base import BoundCall, RungInfo
from ffi_spectrum.rungs.cupy_driver import LAUNCH_ARGUMENTS, handles
from ffi_spectrum.rungs.device_rung import device_info
from ffi_spectrum.rungs.launch_rung import LaunchRung

_PARAMETERS = (
    "(void *function, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz, "
    "unsigned shared_nbytes, void *stream, void **parameters, void **extra);"
)
_DECLARATIONS = f"int cuLaunchKernel{_PARAMETERS} int cuStreamSynchronize(void *stream);"
_NOTHING = f"int ffis_launch_nothing{_PARAMETERS}"


class CudaCffi(LaunchRung):
    """`lib.cuLaunchKernel` of a library opened with `ffi.dlopen`, on pointers made beforehand."""

    info: ClassVar[RungInfo] = device_info(
        "prebound", name="cuda_cffi", purpose="the driver through cffi, without a compiler",
        native_code="libcuda, _cffi_backend",
    )  # fmt: skip

    def _open_path(self) -> None:
        self._ffi = cffi.FFI()
        self._ffi.cdef(_DECLARATIONS)
        self._ffi.cdef(_NOTHING)
        self._driver: Any = self._ffi.dlopen(LIBRARY)
        self._launcher: Any = self._ffi.dlopen(str(self.artifacts["launcher"].path))

    def launch_call(self, launch: Launch, variant: str) -> BoundCall:
        return self._calling(self._driver.cuLaunchKernel, launch)

    def nothing_call(self, launch: Launch, variant: str) -> BoundCall | None:
        return self._calling(self._launcher.ffis_launch_nothing, launch)

    def _calling(self, function: Any, launch: Launch) -> BoundCall:
        cast, made = self._ffi.cast, handles(launch)
        names: dict[str, Any] = {
            **made, "function": cast("void *", made["function"]), "stream": cast("void *", made["stream"]),
            "parameters": cast("void **", made["parameters"]), "NULL": self._ffi.NULL, "cuLaunchKernel": function,
        }  # fmt: skip
        arguments = f"{LAUNCH_ARGUMENTS.removesuffix('0')}NULL"
        return BoundCall(f"cuLaunchKernel({arguments})", names, owner=launch)

    def waiting(self, variant: str) -> tuple[str, Mapping[str, Any]]:
        stream = self._ffi.cast("void *", int(self.session.stream.ptr))
        return "wait(stream)", {"wait": self._driver.cuStreamSynchronize, "stream": stream}
