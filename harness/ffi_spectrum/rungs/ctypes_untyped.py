"""ctypes without argtypes: what most scripts do; each argument's C type comes from its Python type."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

from ffi_spectrum.case import Form
from ffi_spectrum.rungs.base import BoundCall, Buffers, RungInfo, c_arguments
from ffi_spectrum.rungs.ctypes import SCALARS, Ctypes, pointer_to, pointer_type
from ffi_spectrum.toolchain.header import CType

# Integers and pointers beyond these lie on the stack (x86-64 System V ABI; AArch64 has two registers more).
INTEGER_REGISTERS = 6


def _fits_int(value: object) -> bool:
    return isinstance(value, int) and -(2**31) <= value < 2**31


class CtypesUntyped(Ctypes):
    """The ctypes rung with restype only.

    An int that fits in C int is passed bare, which libffi widens to the register. On the stack it does not, and leaves
    the upper half as it was; so there, and for any other number, an explicit c_int64, c_float or c_double is needed.
    """

    info: ClassVar[RungInfo] = replace(
        Ctypes.info,
        name="ctypes_untyped",
        purpose="ctypes as most scripts use it: no argtypes, so nothing is checked",
        checks=frozenset(),
        variants={},
    )

    def _untyped(self, symbol: str) -> Any:
        function = self._library[symbol]
        function.restype = SCALARS[self._prototypes[symbol].returns.code]
        return function

    def _bind(self, buffers: Buffers, form: Form, variant: str) -> BoundCall:
        kernel = buffers.kernel
        names: dict[str, Any] = {}
        arguments, integers = [], 0
        for parameter, argument, value in c_arguments(buffers.workload, self._prototypes[kernel.symbol]):
            integers += parameter.type.kind != "f"
            is_bare = integers <= INTEGER_REGISTERS and _fits_int(value) and parameter.type.kind in "iu"
            text, names[parameter.name] = (
                (parameter.name, value)
                if is_bare
                else self._written(parameter.name, parameter.type, argument.is_buffer, value, form)
            )
            arguments.append(text)
        types = {
            f"{p.type.pointee}_p": pointer_type(p.type)
            for p in self._prototypes[kernel.symbol].parameters
            if p.type.kind == "p"
        }
        names |= types | {"c_float": SCALARS["f32"], "c_double": SCALARS["f64"], "c_int64": SCALARS["i64"]}
        names[kernel.name] = self._untyped(kernel.symbol)
        call = f"{kernel.name}({', '.join(arguments)})"
        used = {name: value for name, value in names.items() if name in call}
        return BoundCall(call, used, owner=(self, buffers))

    def _written(self, name: str, ctype: CType, is_buffer: bool, value: Any, form: Form) -> tuple[str, Any]:
        """The argument as written in the call, and the value that its name stands for."""
        if is_buffer and form == "prebound":
            return name, pointer_to(value, ctype)
        if isinstance(value, bytes):
            return name, value
        if is_buffer:
            return f"{name}.ctypes.data_as({ctype.pointee}_p)", value
        if form == "prebound":
            return name, SCALARS[ctype.code](value)
        wrapper = {"f32": "c_float", "f64": "c_double"}.get(ctype.code, "c_int64")
        return f"{wrapper}({name})", value
