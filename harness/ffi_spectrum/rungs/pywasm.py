"""pywasm: a WebAssembly runtime written in Python, as wazero is one written in Go: nothing native."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from ffi_spectrum.errors import FarSideTrap, Unavailable
from ffi_spectrum.kernels.spec import KernelSpec
from ffi_spectrum.rungs.base import RungInfo
from ffi_spectrum.rungs.guest_imports import refuse_imports
from ffi_spectrum.rungs.guest_rung import CELLS, UNSIGNED, GuestRung
from ffi_spectrum.toolchain.artifact import Artifact
from ffi_spectrum.toolchain.target import WASM32

if TYPE_CHECKING:
    from ffi_spectrum.toolchain.build import Toolchain

# The slowest operation, a look-up of crc32, takes 35 us (CPython 3.11, a 2-vCPU VM): a call stays below 0.2
# s.
MAX_OPERATIONS = 5_500
SIGN = 0x8000000000000000


class PywasmGuest:
    """An instance in pywasm; raises Unavailable where the package is missing or the module has imports."""

    def __init__(self, path: Path) -> None:
        try:
            pywasm: Any = import_module("pywasm")
        except ImportError:
            raise Unavailable("pywasm is not installed: `pip install pywasm`") from None
        with path.open("rb") as file:
            module = pywasm.ModuleDesc.from_reader(file)
        refuse_imports((item.module, item.name) for item in module.imps)
        self.runtime: Any = pywasm.Runtime()
        self.instance: Any = self.runtime.instance(module)
        self.buffer: Any = self.runtime.exported_memory(self.instance, "memory").data

    def enter(self, symbol: str, *arguments: Any) -> Any:
        """Call an export; raises FarSideTrap, after which the guest is usable."""
        try:
            results = self.runtime.invocate(self.instance, symbol, list(arguments))
        except AssertionError as trap:  # this is how pywasm says that a check failed
            stack = self.runtime.machine.stack
            self.runtime.machine.stack = type(stack)()
            raise FarSideTrap(f"{symbol}: pywasm stopped the call") from trap
        return results[0] if results else None


class Pywasm(GuestRung[PywasmGuest]):
    """The call `runtime.invocate(instance, symbol, [...])`, on the same module with less memory."""

    info: ClassVar[RungInfo] = RungInfo(
        name="pywasm",
        purpose="a sandbox without native code, for little work: every instruction is interpreted in Python",
        gil="held",
        checks=frozenset({"count"}),
        copies="host: into the guest's memory and back; guest: none",
        errno="not applicable: the guest has none",
        needs="the pywasm package",
        native_code="none",
        crash="is a trap: an AssertionError, after which the guest has to be loaded again",
        cells=CELLS,
        ns_per_operation=12_000,
    )
    memory_nbytes: ClassVar[int] = 4 * 1024 * 1024

    @classmethod
    def build(cls, toolchain: Toolchain) -> dict[str, Artifact]:
        return {
            "guest": toolchain.guest_module(cls.memory_nbytes),
            "prototypes": toolchain.prototypes(WASM32),
        }

    @classmethod
    def missing(cls, kernel: KernelSpec, size: int) -> str:
        operations = kernel.operations(kernel.dims(size))
        if operations > MAX_OPERATIONS:
            return f"{operations} operations take an interpreter in Python too long (limit {MAX_OPERATIONS})"
        return super().missing(kernel, size)

    def _load(self) -> PywasmGuest:
        return PywasmGuest(self.artifacts["guest"].path)

    def _call(self, symbol: str, name: str, arguments: list[str]) -> tuple[str, Mapping[str, Any]]:
        prototype = self._prototypes[symbol]
        # pywasm takes signed integers only; 32-bit ones are addresses and lengths, small in this memory
        texts = [
            f"({text} ^ {SIGN}) - {SIGN}" if parameter.type.code == "u64" else text
            for parameter, text in zip(prototype.parameters, arguments, strict=True)
        ]
        call = f"runtime.invocate(instance, {symbol!r}, [{', '.join(texts)}])"
        if prototype.returns.code != "v":
            call = f"{call}[0]{UNSIGNED.get(prototype.returns.code, '')}"
        return call, {"runtime": self._guest.runtime, "instance": self._guest.instance}
