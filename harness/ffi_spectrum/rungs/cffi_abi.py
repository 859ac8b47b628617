"""cffi in ABI mode: dlopen and libffi, with signatures parsed from C declarations at run time."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

import cffi

from ffi_spectrum.errors import Unavailable
from ffi_spectrum.rungs.base import RungInfo, read_prototypes
from ffi_spectrum.rungs.cffi_api import CffiApi, declarations
from ffi_spectrum.toolchain.artifact import Artifact

if TYPE_CHECKING:
    from ffi_spectrum.toolchain.build import Toolchain


class CffiAbi(CffiApi):
    """`CffiApi` on a library opened by its path: nothing is compiled, no compiler checks the signatures."""

    info: ClassVar[RungInfo] = replace(
        CffiApi.info,
        name="cffi_abi",
        purpose="cffi's declarations without a compiler: any shared library",
        needs="cffi",
        native_code="_cffi_backend, libffi, libffis",
    )

    @classmethod
    def build(cls, toolchain: Toolchain) -> dict[str, Artifact]:
        return {"library": toolchain.native_library(), "prototypes": toolchain.prototypes(toolchain.target)}

    def _open(self) -> None:
        self._prototypes = read_prototypes(self.artifacts)
        self._ffi = cffi.FFI()
        self._ffi.cdef(declarations(self._prototypes))
        path = self.artifacts["library"].path
        try:
            self._library = self._ffi.dlopen(str(path))
        except OSError as error:
            raise Unavailable(f"{path} cannot be loaded: {error}") from error
