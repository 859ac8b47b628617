"""wasmtime's interpreter, Pulley, entered by the same fast call: for where code may not be generated."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from ffi_spectrum.rungs.base import RungInfo
from ffi_spectrum.rungs.guest import PULLEY
from ffi_spectrum.rungs.wasmtime_fast import WasmtimeFast


class WasmtimePulley(WasmtimeFast):
    """The guest compiled to Pulley's bytecode."""

    info: ClassVar[RungInfo] = replace(
        WasmtimeFast.info,
        name="wasmtime_pulley",
        purpose="wasmtime's interpreter, entered by this project's own C extension: no machine code is made",
        native_code="this project's extension, libwasmtime; the kernel is interpreted",
        ns_per_operation=20,
    )
    target: ClassVar[str] = PULLEY
