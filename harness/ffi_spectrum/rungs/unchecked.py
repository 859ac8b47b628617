"""The way into a guest below wasmtime-py's own call: `wasmtime_func_call_unchecked`, and what makes it safe.

The entry trusts its caller. It may be used on synchronous stores only (it has no catch_unwind; wasmtime-py
has no others), with a function of that very store, and with slots of the function's own types:
`UncheckedStore` sees to that. Names with an underscore are wasmtime-py's own, so exactly one version of it is
accepted.
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, NoReturn

import wasmtime
from wasmtime import _ffi as ffi
from wasmtime import _func

from ffi_spectrum.errors import CallError, FarSideTrap, Unavailable
from ffi_spectrum.toolchain.header import CType, Prototype

VERIFIED_VERSION = "50.0.1"
SLOT_NBYTES = 16
FUNC_NBYTES = 16

# CType.code -> struct's code of the same type; a pointer is an address in the guest
KINDS = {"i32": "i", "u32": "I", "i64": "q", "u64": "Q", "f32": "f", "f64": "d", "p": "I", "v": "v"}
_TYPES = wasmtime.ValType
WASM_TYPES = {
    "i": _TYPES.i32, "I": _TYPES.i32, "q": _TYPES.i64, "Q": _TYPES.i64, "f": _TYPES.f32, "d": _TYPES.f64,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Signature:
    """A guest function's types as struct codes (`v`: no result), with the names of its parameters."""

    kinds: str
    names: tuple[str, ...]
    result: str = "v"

    @property
    def slots(self) -> int:
        return max(len(self.kinds), int(self.result != "v"))


def signature_of(prototype: Prototype) -> Signature:
    """Raises Unavailable for types that no slot is made for."""

    def kind(ctype: CType) -> str:
        if ctype.code not in KINDS:
            raise Unavailable(f"{prototype.symbol}: {ctype.spelling} has no WebAssembly type: use 32 or 64 bits")
        return KINDS[ctype.code]

    kinds = "".join(kind(parameter.type) for parameter in prototype.parameters)
    return Signature(kinds, tuple(p.name for p in prototype.parameters), kind(prototype.returns))


def check_wasmtime() -> None:
    """Raise Unavailable, which names the stock rung, unless this is the wasmtime whose ABI was verified."""
    found = version("wasmtime")
    if found != VERIFIED_VERSION:
        raise Unavailable(
            f"the unchecked call is verified for wasmtime {VERIFIED_VERSION}, this is {found}: "
            f"`pip install wasmtime=={VERIFIED_VERSION}`, or use the rung wasmtime, which calls the stock way"
        )
    sizes = ctypes.sizeof(ffi.wasmtime_val_raw_t), ctypes.sizeof(ffi.wasmtime_func_t)
    if sizes != (SLOT_NBYTES, FUNC_NBYTES):
        raise Unavailable(f"wasmtime's slot and func have {sizes} bytes instead of 16: use the rung wasmtime")


class UncheckedStore:
    """What is needed to enter one store. `keep` lives as long as `owner` does."""

    def __init__(self, store: wasmtime.Store, keep: object = None) -> None:
        check_wasmtime()
        self._store = store
        self.owner = (store, keep)
        self.entry = _address(ffi.dll.wasmtime_func_call_unchecked)
        self.context = _address(store._context())
        # the C API does not tell a store's number, but what is made in the store bears it
        constant = wasmtime.Global(store, wasmtime.GlobalType(wasmtime.ValType.i32(), False), 0)
        self.store_id = int(constant._global.store_id)

    def func(self, symbol: str, function: wasmtime.Func, signature: Signature) -> bytes:
        """The `wasmtime_func_t` of `function`.

        Raises CallError for a function of another store (wasmtime would end the process), and Unavailable
        where the function's type is not `signature`.
        """
        if function._func.store_id != self.store_id:
            raise CallError(f"{symbol} belongs to another store: bind it through that store's owner")
        found = function.type(self._store)
        result = signature.result.replace("v", "")
        if not (_are(found.params, signature.kinds) and _are(found.results, result)):
            raise Unavailable(f"{symbol} has not the type that its prototype says: ({signature.kinds}) -> {result}")
        return bytes(function._func)


def _are(found: list[wasmtime.ValType], kinds: str) -> bool:
    """True where the types are those of `kinds`; asking a vector type for its kind would end the process."""
    expected = [WASM_TYPES[kind]() for kind in kinds]
    return len(found) == len(expected) and all(
        ffi.wasmtime_wasm_valtype_equal(a.ptr(), b.ptr()) for a, b in zip(found, expected, strict=True)
    )


def raise_failure(symbol: str, error: int, trap: int) -> NoReturn:
    """Take what a failed call left behind and raise it: a host function's own exception, else FarSideTrap."""
    cause: wasmtime.WasmtimeError | wasmtime.Trap
    if error:
        cause = wasmtime.WasmtimeError._from_ptr(ctypes.cast(error, ctypes.POINTER(ffi.wasmtime_error_t)))
    else:
        cause = wasmtime.Trap._from_ptr(ctypes.cast(trap, ctypes.POINTER(ffi.wasm_trap_t)))
    _func.maybe_raise_last_exn()
    raise FarSideTrap(f"{symbol}: {cause}") from cause


def _address(pointer: Any) -> int:
    return int(ctypes.cast(pointer, ctypes.c_void_p).value or 0)
