"""cffi in API mode: a C extension that cffi writes from declarations; every call releases the GIL."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, ClassVar

import cffi

from ffi_spectrum.case import Form
from ffi_spectrum.kernels.spec import KernelSpec
from ffi_spectrum.rungs.base import BoundCall, Buffers, Rung, RungInfo, c_arguments, read_prototypes
from ffi_spectrum.toolchain.artifact import Artifact
from ffi_spectrum.toolchain.extension import load_extension
from ffi_spectrum.toolchain.header import Prototype

if TYPE_CHECKING:
    from ffi_spectrum.toolchain.build import Toolchain

MODULE_NAME = "_ffis_cffi"


def declarations(prototypes: Mapping[str, Prototype]) -> str:
    """The text for `FFI.cdef`, which is C as well."""
    return "\n".join(f"{prototype.declare()};" for prototype in prototypes.values())


def api_source(prototypes: Mapping[str, Prototype], module: str = MODULE_NAME) -> str:
    """C source of the extension `module`, as cffi writes it."""
    ffi = cffi.FFI()
    ffi.cdef(declarations(prototypes))
    ffi.set_source(module, f"#include <stdint.h>\n{declarations(prototypes)}\n", compiler_verbose=0)
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"{module}.c"
        ffi.emit_c_code(str(path))
        return path.read_text()


class CffiApi(Rung):
    """`lib.ffis_K(...)`; a fresh buffer is `ffi.from_buffer("float[]", x)`, bytes are passed as they are.

    from_buffer refuses what is not contiguous and, where asked, what is not writable; it looks neither at the
    array's dtype nor at how many elements the kernel will touch.
    """

    info: ClassVar[RungInfo] = RungInfo(
        name="cffi_api",
        purpose="cgo's place in Python: C declarations in, a compiled module out",
        gil="released",
        checks=frozenset({"count", "type", "range", "contiguous", "writable"}),
        copies="none",
        errno="saved and restored around every call: ffi.errno is cffi's own copy, one per thread",
        needs="cffi; a C compiler and the CPython headers at build time",
        native_code="the extension, _cffi_backend, libffis",
        crash="ends the process",
        strategies=("per_call", "batched", "replayed"),
    )

    module_name: ClassVar[str] = MODULE_NAME

    @classmethod
    def build(cls, toolchain: Toolchain) -> dict[str, Artifact]:
        artifacts = {
            "library": toolchain.native_library(),
            "prototypes": toolchain.prototypes(toolchain.target),
        }
        source = cls.source(read_prototypes(artifacts))
        extension = toolchain.extension(cls.module_name, source, library=artifacts["library"])
        return artifacts | {"extension": extension}

    @classmethod
    def source(cls, prototypes: Mapping[str, Prototype]) -> str:
        """C source of the extension."""
        return api_source(prototypes, cls.module_name)

    def _open(self) -> None:
        self._prototypes = read_prototypes(self.artifacts)
        module = load_extension(self.module_name, self.artifacts["extension"])
        self._ffi, self._library = module.ffi, module.lib

    def _bind(self, buffers: Buffers, form: Form, variant: str) -> BoundCall:
        kernel = buffers.kernel
        if form == "prebound":
            return self._prebound(kernel.symbol, kernel.name, buffers, {})
        names: dict[str, Any] = {}
        arguments = []
        for parameter, argument, value in c_arguments(buffers.workload, self._prototypes[kernel.symbol]):
            names[parameter.name] = value
            text = parameter.name
            if argument.is_buffer and not isinstance(value, bytes):
                names["from_buffer"] = self._ffi.from_buffer
                writable = ", require_writable=True" if argument.role == "out" else ""
                text = f'from_buffer("{parameter.type.pointee}[]", {text}{writable})'
            arguments.append(text)
        names[kernel.name] = getattr(self._library, kernel.symbol)
        return BoundCall(f"{kernel.name}({', '.join(arguments)})", names, owner=(self, buffers))

    def _prebound(self, symbol: str, name: str, buffers: Buffers, leading: Mapping[str, int]) -> BoundCall:
        """A call of `symbol` on pointers made beforehand; `leading` stands before the kernel's arguments."""
        names: dict[str, Any] = dict(leading)
        rows = c_arguments(buffers.workload, self._prototypes[buffers.kernel.symbol])
        for parameter, argument, value in rows:
            if argument.is_buffer:
                # a pointer proper: cffi takes an array for one too, which is 5 ns slower
                value = self._ffi.cast(parameter.type.spelling, self._ffi.from_buffer(value))
            names[parameter.name] = value
        function = {name: getattr(self._library, symbol)}
        return BoundCall(f"{name}({', '.join(names)})", names | function, owner=(self, buffers))

    def far_side(self, buffers: Buffers, variant: str = "") -> BoundCall | None:
        name = buffers.kernel.name
        return self._prebound(f"ffis_repeat_{name}", f"repeat_{name}", buffers, {"ffis_fn": 0, "times": 1})

    def count(self, kernel: KernelSpec) -> int | None:
        symbol = f"ffis_count_{kernel.name}"
        return int(getattr(self._library, symbol)()) if symbol in self._prototypes else None
