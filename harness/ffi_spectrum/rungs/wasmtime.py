"""wasmtime as its manual shows it: `func(store, ...)` of wasmtime-py, which is Python on top of ctypes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from ffi_spectrum.kernels.spec import Argument
from ffi_spectrum.rungs.base import RungInfo
from ffi_spectrum.rungs.guest import HOST, Guest, load_compiled
from ffi_spectrum.rungs.guest_artifacts import guest_artifacts
from ffi_spectrum.rungs.guest_rung import CELLS, UNSIGNED, GuestRung
from ffi_spectrum.toolchain.artifact import Artifact

if TYPE_CHECKING:
    from ffi_spectrum.toolchain.build import Toolchain


class Wasmtime(GuestRung[Guest]):
    """The stock call. In fresh form it copies with `Memory.write` and `Memory.read`, as the manual does."""

    info: ClassVar[RungInfo] = RungInfo(
        name="wasmtime",
        purpose="C in a sandbox, installed with pip, called as wasmtime's manual shows",
        gil="released",
        checks=frozenset({"count", "type"}),
        copies="host: into the guest's memory and back; guest: none",
        errno="not applicable: the guest has none",
        needs="the wasmtime package",
        native_code="_ctypes, libwasmtime; the kernel is confined to its own memory",
        crash="is a trap: an exception, and the store goes on",
        cells=CELLS,
        strategies=("per_call", "batched", "replayed"),
    )
    target: ClassVar[str] = HOST

    @classmethod
    def build(cls, toolchain: Toolchain) -> dict[str, Artifact]:
        return guest_artifacts(toolchain, cls.target)

    def _load(self) -> Guest:
        return Guest(load_compiled(self.artifacts["compiled"].path, self.target), self.target)

    def _call(self, symbol: str, name: str, arguments: list[str]) -> tuple[str, Mapping[str, Any]]:
        mask = UNSIGNED.get(self._prototypes[symbol].returns.code, "")
        function = self._guest.function(symbol)
        return f"{name}({', '.join(['store', *arguments])}){mask}", {
            name: function,
            "store": self._guest.store,
        }

    def _copy_names(self) -> dict[str, Any]:
        store = self._guest.store
        return {"memory": self._guest.exports["memory"], "store": store, "frombuffer": np.frombuffer}

    def _copy(self, argument: Argument) -> str:
        own = argument.name
        if argument.role == "in":
            value = own if argument.dtype == "bytes" else f"bytearray({own})"
            return f"memory.write(store, {value}, {own}_at)"
        read = f"memory.read(store, {own}_at, {own}_at + {own}.nbytes)"
        return f"{own}[:] = frombuffer({read}, {own}.dtype).reshape({own}.shape)"
