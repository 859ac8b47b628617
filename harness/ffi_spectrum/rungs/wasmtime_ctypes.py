"""ctypes straight to wasmtime's unchecked entry, with arguments packed into slots made beforehand."""

from __future__ import annotations

import ctypes
import struct
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

import wasmtime

from ffi_spectrum.rungs.base import RungInfo
from ffi_spectrum.rungs.guest import Guest, load_compiled
from ffi_spectrum.rungs.guest_artifacts import guest_artifacts
from ffi_spectrum.rungs.guest_rung import GuestRung
from ffi_spectrum.rungs.unchecked import (
    FUNC_NBYTES,
    SLOT_NBYTES,
    Signature,
    UncheckedStore,
    check_wasmtime,
    raise_failure,
    signature_of,
)
from ffi_spectrum.rungs.wasmtime import Wasmtime
from ffi_spectrum.toolchain.artifact import Artifact

if TYPE_CHECKING:
    from ffi_spectrum.toolchain.build import Toolchain

# The prototype of ctypes.PyDLL: the GIL is held, since a store is for one thread at a time. It has no
# argtypes, which would convert on every call what is a ctypes object already, for 110 ns.
_ENTRY = ctypes.PYFUNCTYPE(ctypes.c_void_p)
RESULTS: dict[str, Any] = {
    "i": ctypes.c_int32, "I": ctypes.c_uint32, "q": ctypes.c_int64, "Q": ctypes.c_uint64,
    "f": ctypes.c_float, "d": ctypes.c_double,
}  # fmt: skip


def slots_format(kinds: str) -> str:
    """struct's format of the slots that hold `kinds`: every value is followed by zeros up to 16 bytes."""
    return "<" + "".join(f"{kind}{SLOT_NBYTES - struct.calcsize('<' + kind)}x" for kind in kinds)


def bind(unchecked: UncheckedStore, symbol: str, function: wasmtime.Func, signature: Signature) -> Callable[..., Any]:
    """A Python function that calls a function of the store and keeps it alive; for one thread at a time.

    It raises struct.error for a wrong count, type or range of the arguments, OverflowError for a number
    beyond float32, and FarSideTrap. The slots serve for all calls; the result comes back in the first of
    them.
    """
    func = ctypes.create_string_buffer(unchecked.func(symbol, function, signature), FUNC_NBYTES)
    slots = ctypes.create_string_buffer(SLOT_NBYTES * max(signature.slots, 1))
    trap = ctypes.c_void_p()
    enter = partial(
        _ENTRY(unchecked.entry),
        ctypes.c_void_p(unchecked.context),
        ctypes.byref(func),
        ctypes.byref(slots),
        ctypes.c_size_t(signature.slots),
        ctypes.byref(trap),
    )
    pack_into = struct.Struct(slots_format(signature.kinds)).pack_into
    result = RESULTS.get(signature.result, ctypes.c_uint8).from_buffer(slots)
    owner = unchecked.owner

    def fail(error: int | None, owner: object = owner) -> None:
        taken, trap.value = trap.value or 0, None
        raise_failure(symbol, error or 0, taken)

    def call(*arguments: Any) -> Any:
        pack_into(slots, 0, *arguments)
        error = enter()
        if error or trap:
            fail(error)
        return result.value

    def call_void(*arguments: Any) -> None:
        pack_into(slots, 0, *arguments)
        error = enter()
        if error or trap:
            fail(error)

    return call_void if signature.result == "v" else call


class WasmtimeCtypes(GuestRung[Guest]):
    """The call `K(...)` of a Python function that packs, enters and unpacks."""

    info: ClassVar[RungInfo] = replace(
        Wasmtime.info,
        name="wasmtime_ctypes",
        purpose="wasmtime entered by this project's ctypes code, not by wasmtime-py: no compiler needed",
        gil="held",
        checks=frozenset({"count", "type", "range"}),
        needs="wasmtime 50.0.1 exactly",
    )

    @classmethod
    def build(cls, toolchain: Toolchain) -> dict[str, Artifact]:
        check_wasmtime()
        return guest_artifacts(toolchain)

    def _load(self) -> Guest:
        guest = Guest(load_compiled(self.artifacts["compiled"].path))
        self._unchecked = UncheckedStore(guest.store)
        return guest

    def close(self) -> None:
        super().close()
        self.__dict__.pop("_unchecked", None)

    def _call(self, symbol: str, name: str, arguments: list[str]) -> tuple[str, Mapping[str, Any]]:
        signature = signature_of(self._prototypes[symbol])
        function = bind(self._unchecked, symbol, self._guest.function(symbol), signature)
        return f"{name}({', '.join(arguments)})", {name: function}
