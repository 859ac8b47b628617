"""The fast call into wasmtime, with the GIL released around the guest."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from ffi_spectrum.rungs.base import RungInfo
from ffi_spectrum.rungs.wasmtime_fast import WasmtimeFast


class WasmtimeFastNogil(WasmtimeFast):
    """A store is for one thread at a time: a second one that enters it gets RuntimeError."""

    info: ClassVar[RungInfo] = replace(
        WasmtimeFast.info,
        name="wasmtime_fast_nogil",
        purpose="what letting other threads run adds to this project's own entry into wasmtime",
        gil="released",
    )
    release_gil: ClassVar[bool] = True
