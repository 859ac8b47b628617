"""Kernels of a worker that owns a device: a request's slots become a launch, kept for the next request with the same.

Where a buffer lies says what becomes of it. In a message (a region) it is copied to the device and back, all inputs by
one copy and all outputs by another. In memory shared with the client, which is pinned and mapped, the kernel reads and
writes it in place. On the device it stays: its slot has the bit RESIDENT, and a COPY filled it.
"""

from __future__ import annotations

import ctypes
import mmap
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, lru_cache
from typing import Any, NamedTuple, Protocol

import numpy as np

from ffi_spectrum.device.geometry import GEOMETRY
from ffi_spectrum.errors import BadArgument, CallError, DeviceError
from ffi_spectrum.kernels.spec import Dims, KernelSpec
from ffi_spectrum.remote import frame
from ffi_spectrum.remote.frame import COPY_SLOTS
from ffi_spectrum.remote.layout import Block, Layout, Signature
from ffi_spectrum.remote.thunks import NO_COUNT, REGION_OFFSET

# Launches kept by their slots: one for each prebound call, and each combination of lengths and scalars in others.
PLANS_KEPT = 1024
_RESULT_NBYTES = mmap.PAGESIZE


class Engine(Protocol):
    """What a worker needs of a device; device/engine.py is the real one, and says what each does."""

    def enter(self) -> None: ...
    def allocate(self, nbytes: int) -> int: ...
    def pin(self, address: int, nbytes: int) -> int: ...
    def copy(self, to: int, source: int, nbytes: int) -> None: ...
    def ready(self, kernel: KernelSpec, dims: Dims, objects: Mapping[str, Any]) -> Any: ...
    def launch(self, ready: Any, times: int) -> None: ...
    def wait(self) -> None: ...
    def count(self, kernel: KernelSpec) -> int | None: ...


class Memory(NamedTuple):
    """Where the device finds `nbytes` bytes."""

    address: int
    nbytes: int


class Plan(NamedTuple):
    """A launch, and which parts of the region, from and to where, are copied before and after it."""

    ready: Any
    inputs: tuple[int, int]
    outputs: tuple[int, int]


class Refused(CallError):
    """A request that is not carried out, with the status that says why."""

    def __init__(self, status: int) -> None:
        super().__init__(frame.STATUSES[status])
        self.status = status


class DeviceKernels:
    """FarKernels on a device, whose calls also take buffers in `shared` memory and in the device's own.

    One thread at a time; `shared` must last as long as this, and `arena` is how many bytes of the device's memory a
    client may place arrays in. Raises DeviceError where the device refuses.
    """

    def __init__(
        self, engine: Engine, signatures: Sequence[Signature], library_sha256: str, shared: memoryview, arena: int
    ) -> None:
        self.engine = engine
        self.library_sha256 = library_sha256
        self.slots = {number: len(one.prototype.parameters) for number, one in enumerate(signatures)}
        self.shared = shared
        self._signatures = signatures
        self._shared = self._pinned(shared)
        self._arena = Memory(engine.allocate(arena), arena)
        self._results = memoryview(mmap.mmap(-1, _RESULT_NBYTES)).cast("Q")
        self._result_at = self._pinned(self._results).address
        self._plan = lru_cache(PLANS_KEPT)(self._make_plan)

    @cached_property
    def memory(self) -> memoryview:
        """Pinned, so that the device copies from it and to it by itself."""
        return memoryview(mmap.mmap(-1, REGION_OFFSET + frame.LIMIT_NBYTES))

    @cached_property
    def region(self) -> memoryview:
        return self.memory[REGION_OFFSET:]

    @cached_property
    def _region_at(self) -> int:
        return self._pinned(self.memory).address + REGION_OFFSET

    @cached_property
    def _mirror_at(self) -> int:
        """Where on the device the region is copied to."""
        return self.engine.allocate(frame.LIMIT_NBYTES)

    def prepare_region(self) -> None:
        """Have the region and its mirror before the first message needs them."""
        self._region_at, self._mirror_at  # noqa: B018 - made when first asked for

    @property
    def result(self) -> int:
        return int(self._results[0])

    def call(self, kernel: int, times: int, nbytes: int) -> int:
        """As FarKernels.call; what fails on the device is a status, too."""
        slots = bytes(self.region[: 8 * self.slots[kernel]])
        return _status_of(self._run_copied, kernel, times, slots, nbytes)

    def call_placed(self, kernel: int, times: int, slots: bytes) -> int:
        """The same on buffers that lie in the shared memory or on the device; more slots than it has are left alone."""
        if kernel >= len(self.slots):
            return frame.UNKNOWN_KERNEL
        own = slots[: 8 * self.slots[kernel]]
        if len(own) < 8 * self.slots[kernel]:
            return frame.BAD_FRAME
        return _status_of(self._run_placed, kernel, times, own)

    def copy(self, slots: bytes) -> int:
        """Copy what COPY's slots say; a status."""
        return _status_of(self._copy, slots) if len(slots) >= COPY_SLOTS.size else frame.BAD_FRAME

    def count(self, kernel: int) -> int:
        found = self.engine.count(self._signatures[kernel].kernel)
        return NO_COUNT if found is None else found

    def _run_copied(self, kernel: int, times: int, slots: bytes, nbytes: int) -> None:
        engine, mirror_at, region_at = self.engine, self._mirror_at, self._region_at
        plan = self._plan(kernel, slots, nbytes)
        for start, end in [plan.inputs] if plan.inputs[0] < plan.inputs[1] else []:
            engine.copy(mirror_at + start, region_at + start, end - start)
        self._launch(plan.ready, times)
        for start, end in [plan.outputs] if plan.outputs[0] < plan.outputs[1] else []:
            engine.copy(region_at + start, mirror_at + start, end - start)
        engine.wait()

    def _run_placed(self, kernel: int, times: int, slots: bytes) -> None:
        self._launch(self._plan(kernel, slots, None).ready, times)
        self.engine.wait()

    def _launch(self, ready: Any, times: int) -> None:
        self._results[0] = 0  # what no launch leaves
        self.engine.launch(ready, times)

    def _copy(self, slots: bytes) -> None:
        to, source, nbytes = COPY_SLOTS.unpack_from(slots)
        self.engine.copy(self._locate(to, nbytes), self._locate(source, nbytes), nbytes)
        self.engine.wait()

    def _make_plan(self, kernel: int, slots: bytes, region_nbytes: int | None) -> Plan:
        """Check the slots, and prepare their launch; buffers lie in a region of so many bytes, or have places (None).

        Raises Refused as the C thunks do: for what is out of bounds or misaligned, and for outputs that overlap.
        """
        signature = self._signatures[kernel]
        if signature.kernel.name not in GEOMETRY:
            raise Refused(frame.UNSUPPORTED)
        values = signature.slots.unpack(slots.ljust(signature.slots.size, b"\0"))
        known = dict(zip((argument.name for argument in signature.arguments), values, strict=True))
        dims = {a.name: int(known[a.name]) for a in signature.arguments if a.role == "length"}
        try:
            blocks = Layout(signature, dims).blocks
        except BadArgument:
            raise Refused(frame.TOO_LARGE) from None
        if region_nbytes is None:
            places = {block.argument.name: self._locate(known[block.argument.name], block.nbytes) for block in blocks}
        else:
            region = Memory(self._mirror_at, region_nbytes)
            places = {b.argument.name: _inside(region, known[b.argument.name], b.nbytes) for b in blocks}
        _check_blocks([(block, places[block.argument.name]) for block in blocks])
        objects = {
            a.name: np.uint64(places[a.name]) if a.is_buffer else _scalar(a.dtype, known[a.name])
            for a in signature.arguments
        }
        if signature.kernel.returns:
            objects["result"] = np.uint64(self._result_at)
        ready = self.engine.ready(signature.kernel, dims, objects)
        if region_nbytes is None:
            return Plan(ready, (0, 0), (0, 0))
        spans = [(block, places[block.argument.name] - self._mirror_at) for block in blocks]
        return Plan(ready, _hull(spans, is_written=False), _hull(spans, is_written=True))

    def _locate(self, offset: int, nbytes: int) -> int:
        if offset & frame.RESIDENT:
            return _inside(self._arena, offset ^ frame.RESIDENT, nbytes)
        return _inside(self._shared, offset, nbytes)

    def _pinned(self, memory: memoryview) -> Memory:
        address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
        return Memory(self.engine.pin(address, memory.nbytes), memory.nbytes)


def _status_of(run: Callable[..., None], *arguments: Any) -> int:
    try:
        run(*arguments)
    except Refused as refused:
        return refused.status
    except DeviceError as error:
        return frame.DEVICE_STATUS + error.code
    return frame.OK


def _inside(memory: Memory, offset: int, nbytes: int) -> int:
    """The address of `nbytes` bytes at an offset in `memory`."""
    if offset + nbytes > memory.nbytes:
        raise Refused(frame.OUT_OF_BOUNDS)
    return memory.address + offset


def _check_blocks(placed: Sequence[tuple[Block, int]]) -> None:
    """Raise Refused for a buffer that is not aligned to its elements, and for an output that overlaps another."""
    for i, (block, start) in enumerate(placed):
        if start % np.dtype(block.element).itemsize:
            raise Refused(frame.OUT_OF_BOUNDS)
        for other, other_start in placed[:i]:
            first, last = max(start, other_start), min(start + block.nbytes, other_start + other.nbytes)
            if first < last and (block.is_written or other.is_written):
                raise Refused(frame.OUT_OF_BOUNDS)


def _hull(spans: Sequence[tuple[Block, int]], *, is_written: bool) -> tuple[int, int]:
    """The smallest range with every buffer that is, or is not, written."""
    own = [(start, start + block.nbytes) for block, start in spans if block.is_written is is_written and block.nbytes]
    return min((start for start, _ in own), default=0), max((end for _, end in own), default=0)


def _scalar(dtype: str, value: Any) -> Any:
    return np.dtype(dtype or "uint32").type(value)
