"""ctypes: dlopen and dlsym through libffi, with declared argument types; the GIL is released around the call."""

from __future__ import annotations

import ctypes
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from ffi_spectrum.case import Form
from ffi_spectrum.errors import Unavailable
from ffi_spectrum.kernels.spec import Argument, KernelSpec
from ffi_spectrum.rungs.base import BoundCall, Buffers, Rung, RungInfo, c_arguments, read_prototypes
from ffi_spectrum.toolchain.artifact import Artifact
from ffi_spectrum.toolchain.header import CType, Parameter

if TYPE_CHECKING:
    from ffi_spectrum.toolchain.build import Toolchain

SCALARS: dict[str, Any] = {
    "i8": ctypes.c_int8, "u8": ctypes.c_uint8, "i16": ctypes.c_int16, "u16": ctypes.c_uint16,
    "i32": ctypes.c_int32, "u32": ctypes.c_uint32, "i64": ctypes.c_int64, "u64": ctypes.c_uint64,
    "f32": ctypes.c_float, "f64": ctypes.c_double, "v": None,
}  # fmt: skip
ELEMENTS: dict[str, Any] = {
    "int8_t": ctypes.c_int8, "uint8_t": ctypes.c_uint8, "int16_t": ctypes.c_int16, "uint16_t": ctypes.c_uint16,
    "int32_t": ctypes.c_int32, "uint32_t": ctypes.c_uint32, "int64_t": ctypes.c_int64, "uint64_t": ctypes.c_uint64,
    "float": ctypes.c_float, "double": ctypes.c_double,
}  # fmt: skip


def pointer_type(ctype: CType) -> Any:
    """`const float *` -> POINTER(c_float)."""
    return ctypes.POINTER(ELEMENTS[ctype.pointee])


def pointer_to(value: Any, ctype: CType) -> Any:
    """A ctypes pointer to the elements of an ndarray or bytes, which must outlive it."""
    if isinstance(value, bytes):
        return ctypes.cast(ctypes.c_char_p(value), pointer_type(ctype))
    return value.ctypes.data_as(pointer_type(ctype))


class Ctypes(Rung):
    """The ctypes rung: `lib.ffis_K` with argtypes and restype."""

    info: ClassVar[RungInfo] = RungInfo(
        name="ctypes",
        purpose="any shared library, from the standard library: no toolchain",
        gil="released",
        checks=frozenset({"count", "type"}),
        copies="none",
        errno="swapped only with use_errno=True (off here)",
        needs="nothing beyond CPython",
        native_code="_ctypes, libffi, libffis",
        crash="ends the process",
        variants={"fresh": ("data_as", "ndpointer", "ctypes_data")},
        strategies=("per_call", "batched", "replayed"),
    )
    library_type: ClassVar[type[ctypes.CDLL]] = ctypes.CDLL

    @classmethod
    def build(cls, toolchain: Toolchain) -> dict[str, Artifact]:
        return {"library": toolchain.native_library(), "prototypes": toolchain.prototypes(toolchain.target)}

    def _open(self) -> None:
        path = self.artifacts["library"].path
        try:
            self._library = self.library_type(str(path))
        except OSError as error:
            raise Unavailable(f"{path} cannot be loaded: {error}") from error
        self._prototypes = read_prototypes(self.artifacts)

    def function(self, symbol: str, pointers: Iterable[Any]) -> Any:
        """A function object of its own for `symbol`, taking the argtypes of its pointer parameters from `pointers`."""
        prototype, pointers = self._prototypes[symbol], iter(pointers)
        function = self._library[symbol]
        function.argtypes = [
            next(pointers) if p.type.kind == "p" else SCALARS[p.type.code] for p in prototype.parameters
        ]
        function.restype = SCALARS[prototype.returns.code]
        return function

    def _bind(self, buffers: Buffers, form: Form, variant: str) -> BoundCall:
        kernel = buffers.kernel
        rows = c_arguments(buffers.workload, self._prototypes[kernel.symbol])
        if form == "prebound":
            return self._prebound(kernel.symbol, kernel.name, buffers, ())
        names: dict[str, Any] = {}
        arguments, pointers = [], []
        for parameter, argument, value in rows:
            names[parameter.name] = value
            text = parameter.name
            if argument.is_buffer:
                text, argtype, extra = self._convert(parameter, argument, value, variant)
                pointers.append(argtype)
                names |= extra
            arguments.append(text)
        names[kernel.name] = self.function(kernel.symbol, pointers)
        return BoundCall(f"{kernel.name}({', '.join(arguments)})", names, owner=(self, buffers))

    def _convert(
        self, parameter: Parameter, argument: Argument, value: Any, variant: str
    ) -> tuple[str, Any, dict[str, Any]]:
        """How `variant` hands over a buffer: the expression, the argtype and the names it needs."""
        name = parameter.name
        if isinstance(value, bytes):
            return name, ctypes.c_char_p, {}
        if variant == "ndpointer":
            return name, np.ctypeslib.ndpointer(dtype=argument.element, flags="C_CONTIGUOUS"), {}
        if variant == "ctypes_data":
            return f"{name}.ctypes.data", ctypes.c_void_p, {}
        type_name = f"{parameter.type.pointee}_p"
        return (
            f"{name}.ctypes.data_as({type_name})",
            pointer_type(parameter.type),
            {type_name: pointer_type(parameter.type)},
        )

    def _prebound(self, symbol: str, name: str, buffers: Buffers, leading: tuple[tuple[str, Any], ...]) -> BoundCall:
        """A call of `symbol` on pointers made beforehand; `leading` arguments stand before the kernel's own."""
        rows = c_arguments(buffers.workload, self._prototypes[buffers.kernel.symbol])
        names: dict[str, Any] = dict(leading)
        for parameter, argument, value in rows:
            names[parameter.name] = pointer_to(value, parameter.type) if argument.is_buffer else value
        arguments = ", ".join(names)
        pointers = [pointer_type(p.type) for p, _, _ in rows if p.type.kind == "p"]
        names[name] = self.function(symbol, pointers)
        return BoundCall(f"{name}({arguments})", names, owner=(self, buffers))

    def far_side(self, buffers: Buffers, variant: str = "") -> BoundCall | None:
        name = buffers.kernel.name
        return self._prebound(f"ffis_repeat_{name}", f"repeat_{name}", buffers, (("ffis_fn", 0), ("times", 1)))

    def count(self, kernel: KernelSpec) -> int | None:
        symbol = f"ffis_count_{kernel.name}"
        return int(self.function(symbol, ())()) if symbol in self._prototypes else None
