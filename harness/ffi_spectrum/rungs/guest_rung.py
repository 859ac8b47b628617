"""What all WebAssembly rungs share: where data lies, how it gets there, and how a call is written."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Generic, Protocol, TypeVar

import numpy as np

from ffi_spectrum.case import Form, Placement
from ffi_spectrum.kernels.spec import Argument, KernelSpec
from ffi_spectrum.kernels.workload import Workload
from ffi_spectrum.rungs.base import BoundCall, Buffers, Rung, c_arguments, read_prototypes
from ffi_spectrum.rungs.guest_memory import Arena, GuestMemory
from ffi_spectrum.toolchain.header import Parameter, Prototype, parse_type
from ffi_spectrum.toolchain.target import GUEST_MEMORY_NBYTES, WASM32

CELLS: tuple[tuple[Form, Placement], ...] = (
    ("prebound", "guest"),
    ("prebound", "host"),
    ("fresh", "guest"),
    ("fresh", "host"),
)

# Wasm's integers have no sign: wasmtime-py and pywasm return them as signed ones.
UNSIGNED = {"u32": " & 0xFFFFFFFF", "u64": " & 0xFFFFFFFFFFFFFFFF"}


class Instance(Protocol):
    """A guest that runs: its memory, and a way in that need not be fast."""

    buffer: Any

    def enter(self, symbol: str, *arguments: Any) -> Any: ...


G = TypeVar("G", bound=Instance)


class GuestRung(Rung, Generic[G]):
    """Kernels inside a guest, whose memory is the only one they see.

    Three quarters of that memory hold the buffers of placed workloads. The rest is for calls of the fresh
    form on host data: such a call allocates there with the guest's own allocator, copies in, calls, copies
    out and resets, which is what a caller without anything prepared has to do. (Who keeps a staging buffer
    has the prebound form.)
    """

    memory_nbytes: ClassVar[int] = GUEST_MEMORY_NBYTES
    wide_placement: ClassVar[Placement] = "guest"

    @classmethod
    def missing(cls, kernel: KernelSpec, size: int) -> str:
        nbytes, limit = kernel.nbytes(kernel.dims(size)), cls.memory_nbytes // 6
        return f"{nbytes} bytes of buffers; in the guest's memory a call may have {limit}" if nbytes > limit else ""

    @abstractmethod
    def _load(self) -> G:
        """The guest, loaded and instantiated; raises Unavailable."""

    @abstractmethod
    def _call(self, symbol: str, name: str, arguments: list[str]) -> tuple[str, Mapping[str, Any]]:
        """The expression that calls the export `symbol` under the name `name`, and the names it needs."""

    def _open(self) -> None:
        self._prototypes = read_prototypes(self.artifacts, WASM32.pointer_nbytes) | ALLOCATOR
        self._guest: G = self._load()
        nbytes = self.memory_nbytes * 3 // 4
        arena = Arena(self._guest.enter("ffis_guest_alloc", nbytes), nbytes)
        self._mark: int = self._guest.enter("ffis_guest_mark")
        self._memory = GuestMemory(self._guest.buffer, arena)

    def close(self) -> None:
        """Let go of the guest, which lives until the last call and the last view of it have gone."""
        super().close()
        self.__dict__.pop("_guest", None)
        self.__dict__.pop("_memory", None)

    def far_address(self, buffers: Buffers, name: str) -> int:
        return self._memory.address_of(buffers.placed[name])

    def _place(self, workload: Workload, placement: Placement) -> Buffers:
        buffers = Buffers(workload, placement, owner=self._guest)
        for argument in workload.kernel.buffers:
            view = self._memory.array([workload.dims[name] for name in argument.shape], argument.element)
            value = workload.values[argument.name]
            view[...] = np.frombuffer(value, np.uint8) if isinstance(value, bytes) else value
            buffers.placed[argument.name] = view
        return buffers

    def fetch(self, buffers: Buffers) -> dict[str, Any]:
        outputs = [argument.name for argument in buffers.kernel.buffers if argument.role == "out"]
        if buffers.placement == "host":
            return {name: buffers.workload.values[name] for name in outputs}
        return {name: np.array(buffers.placed[name]) for name in outputs}

    def _bind(self, buffers: Buffers, form: Form, variant: str) -> BoundCall:
        kernel = buffers.kernel
        if form == "prebound":
            return self._prebound(kernel.symbol, kernel.name, buffers, {})
        return self._fresh_guest(buffers) if buffers.placement == "guest" else self._fresh_host(buffers)

    def far_side(self, buffers: Buffers, variant: str = "") -> BoundCall | None:
        """The guest's own loop; its data was placed, so that nothing is copied in again."""
        name = buffers.kernel.name
        loop = self._prebound(f"ffis_repeat_{name}", f"repeat_{name}", buffers, {"ffis_fn": 0, "times": 1})
        return BoundCall(loop.call, loop.names, (), loop.after, owner=loop.owner)

    def count(self, kernel: KernelSpec) -> int | None:
        symbol = f"ffis_count_{kernel.name}"
        return int(self._guest.enter(symbol)) & (2**64 - 1) if symbol in self._prototypes else None

    def _prebound(self, symbol: str, name: str, buffers: Buffers, leading: Mapping[str, int]) -> BoundCall:
        """A call on addresses made beforehand, with copies around it where the data lies on the host."""
        names: dict[str, Any] = dict(leading)
        arguments = list(leading)
        before: list[str] = []
        after: list[str] = []
        for parameter, argument, value in self._rows(buffers):
            own = parameter.name
            if not argument.is_buffer:
                names[own] = value
                arguments.append(own)
                continue
            view = buffers.placed[own]
            names[f"{own}_at"] = self._memory.address_of(view)
            arguments.append(f"{own}_at")
            if buffers.placement == "host":
                # bytes go into a memoryview, and arrays into an ndarray, without a conversion
                names |= {own: value, f"{own}_guest": memoryview(view) if isinstance(value, bytes) else view}
                if argument.role == "in":
                    before.append(f"{own}_guest[:] = {own}")
                else:
                    after.append(f"{own}[:] = {own}_guest")
        call, more = self._call(symbol, name, arguments)
        return BoundCall(call, {**names, **more}, tuple(before), tuple(after), owner=(self._guest, buffers))

    def _fresh_guest(self, buffers: Buffers) -> BoundCall:
        """The caller holds ndarrays over the guest's memory; each call makes addresses of them."""
        names: dict[str, Any] = {"base": self._memory.base}
        arguments = []
        for parameter, argument, value in self._rows(buffers):
            own = parameter.name
            names[own] = buffers.placed[own] if argument.is_buffer else value
            arguments.append(f"{own}.ctypes.data - base" if argument.is_buffer else own)
        call, more = self._call(buffers.kernel.symbol, buffers.kernel.name, arguments)
        return BoundCall(call, {**names, **more}, owner=(self._guest, buffers))

    def _fresh_host(self, buffers: Buffers) -> BoundCall:
        """Host arrays and bytes arrive: allocate, copy in, call, copy out, release."""
        names: dict[str, Any] = {"mark": self._mark, **self._copy_names()}
        arguments: list[str] = []
        before: list[str] = []
        after: list[str] = []
        for parameter, argument, value in self._rows(buffers):
            own = parameter.name
            names[own] = value
            arguments.append(f"{own}_at" if argument.is_buffer else own)
            if argument.is_buffer:
                nbytes = f"len({own})" if argument.dtype == "bytes" else f"{own}.nbytes"
                allocate, more = self._call("ffis_guest_alloc", "alloc", [nbytes])
                names |= more
                before.append(f"{own}_at = {allocate}")
                (before if argument.role == "in" else after).append(self._copy(argument))
        release, more = self._call("ffis_guest_reset", "reset", ["mark"])
        names |= more
        call, more = self._call(buffers.kernel.symbol, buffers.kernel.name, arguments)
        return BoundCall(call, names | dict(more), tuple(before), (*after, release), owner=(self._guest, buffers))

    def _copy_names(self) -> dict[str, Any]:
        return {"memory": self._memory.bytes, "ndarray": np.ndarray}

    def _copy(self, argument: Argument) -> str:
        """The statement that copies an input to `<name>_at` in the guest, or an output from there."""
        own = argument.name
        if argument.dtype == "bytes":
            return f"memory[{own}_at : {own}_at + len({own})] = {own}"
        view = f"ndarray({own}.shape, {own}.dtype, memory, {own}_at)"
        return f"{view}[:] = {own}" if argument.role == "in" else f"{own}[:] = {view}"

    def _rows(self, buffers: Buffers) -> list[tuple[Parameter, Argument, Any]]:
        return c_arguments(buffers.workload, self._prototypes[buffers.kernel.symbol])


def _allocator() -> dict[str, Prototype]:
    """The functions of wasm/guest.c, which ffis.h does not have."""
    nothing, word = parse_type("void", 4), parse_type("uint32_t", 4)
    address = parse_type("int32_t", 4)  # below 2 GiB in this memory, so that callers need not mask a sign off
    made = (
        Prototype("ffis_guest_alloc", address, (Parameter("nbytes", word),)),
        Prototype("ffis_guest_mark", address, ()),
        Prototype("ffis_guest_reset", nothing, (Parameter("mark", word),)),
    )
    return {prototype.symbol: prototype for prototype in made}


ALLOCATOR = _allocator()
