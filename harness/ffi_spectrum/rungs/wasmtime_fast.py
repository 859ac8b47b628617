"""wasmtime through a small C extension of this project, instead of through wasmtime-py's own call."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import ModuleType
from typing import TYPE_CHECKING, Any, ClassVar

import wasmtime

from ffi_spectrum.rungs.base import RungInfo
from ffi_spectrum.rungs.guest import HOST, Guest, load_compiled
from ffi_spectrum.rungs.guest_artifacts import CALL_MODULE, call_extension, guest_artifacts
from ffi_spectrum.rungs.guest_rung import GuestRung
from ffi_spectrum.rungs.unchecked import (
    Signature,
    UncheckedStore,
    check_wasmtime,
    raise_failure,
    signature_of,
)
from ffi_spectrum.rungs.wasmtime import Wasmtime
from ffi_spectrum.toolchain.artifact import Artifact
from ffi_spectrum.toolchain.extension import load_extension

if TYPE_CHECKING:
    from ffi_spectrum.toolchain.build import Toolchain


class FastStore:
    """Makes built-in functions of the functions of one store; each keeps the store alive, and open.

    A call raises TypeError for a wrong count or type, OverflowError for a number out of range, FarSideTrap
    for a trap (the store stays usable), and with `release_gil` RuntimeError while another call is inside the
    store.
    """

    def __init__(
        self, module: ModuleType, store: wasmtime.Store, keep: object = None, *, release_gil: bool = False
    ) -> None:
        self._unchecked = unchecked = UncheckedStore(store, keep)
        self._store = module.Store(
            unchecked.entry,
            unchecked.context,
            unchecked.store_id,
            unchecked.owner,
            raise_failure,
            release_gil,
        )

    def bind(self, symbol: str, function: wasmtime.Func, signature: Signature) -> Callable[..., Any]:
        """Raises CallError for a function of another store, Unavailable for one of another type."""
        func = self._unchecked.func(symbol, function, signature)
        bound: Callable[..., Any] = self._store.bind(symbol, func, signature.kinds, signature.names, signature.result)
        return bound


class WasmtimeFast(GuestRung[Guest]):
    """The call `K(...)` of a built-in function made by native/support/wasm_call.c."""

    info: ClassVar[RungInfo] = replace(
        Wasmtime.info,
        name="wasmtime_fast",
        purpose="what wasmtime could cost: entered by this project's own C extension, not by wasmtime-py",
        gil="held",
        checks=frozenset({"count", "type", "range"}),
        needs="wasmtime 50.0.1 exactly, this project's extension: a C compiler and the CPython headers",
        native_code="this project's extension, libwasmtime; the kernel is confined to its own memory",
    )
    target: ClassVar[str] = HOST
    release_gil: ClassVar[bool] = False

    @classmethod
    def build(cls, toolchain: Toolchain) -> dict[str, Artifact]:
        check_wasmtime()
        return {**guest_artifacts(toolchain, cls.target), "extension": call_extension(toolchain)}

    def _load(self) -> Guest:
        module = load_extension(CALL_MODULE, self.artifacts["extension"])
        guest = Guest(load_compiled(self.artifacts["compiled"].path, self.target), self.target)
        self._fast = FastStore(module, guest.store, release_gil=self.release_gil)
        return guest

    def close(self) -> None:
        super().close()
        self.__dict__.pop("_fast", None)

    def _call(self, symbol: str, name: str, arguments: list[str]) -> tuple[str, Mapping[str, Any]]:
        signature = signature_of(self._prototypes[symbol])
        function = self._fast.bind(symbol, self._guest.function(symbol), signature)
        return f"{name}({', '.join(arguments)})", {name: function}
