"""A region for one call of a generated thunk: slots, buffers between canaries, and a model of what must be refused."""

from __future__ import annotations

import ctypes
import mmap
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from ffi_spectrum.kernels.spec import KernelSpec
from ffi_spectrum.kernels.table import KERNELS
from ffi_spectrum.kernels.workload import Workload
from ffi_spectrum.rungs.base import c_arguments
from ffi_spectrum.toolchain.header import Prototype

CANARY = 0xA5
UNTOUCHED = 0xDEADBEEF
KERNEL_NAMES = list(KERNELS)
_DTYPES = {"i64": "<i8", "u64": "<u8", "i32": "<i4", "u32": "<u4", "f32": "<f4", "f64": "<f8"}


class ThunkLibrary:
    """`libffis_thunks.so` through ctypes, with the types that native/support/thunk.h declares."""

    def __init__(self, path: str) -> None:
        library = ctypes.CDLL(path)
        self._call = library.ffis_thunk_call
        self._call.restype = ctypes.c_uint32
        self._call.argtypes = [
            ctypes.c_uint32, ctypes.c_uint64, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_uint64,
            ctypes.POINTER(ctypes.c_uint64),
        ]  # fmt: skip
        self.count, self.slots = library.ffis_thunk_count, library.ffis_thunk_slots
        self.count.restype, self.slots.restype = ctypes.c_uint64, ctypes.c_uint32
        self.count.argtypes = self.slots.argtypes = [ctypes.c_uint32]
        self.kernels = library.ffis_thunk_kernels
        self.kernels.restype, self.kernels.argtypes = ctypes.c_uint32, []
        self.library = library.ffis_thunk_library
        self.library.restype, self.library.argtypes = ctypes.c_char_p, []

    def call(self, kernel: int, times: int, slots: Any, base: int, nbytes: int) -> tuple[int, int]:
        """Status and result's slot; the slot holds UNTOUCHED before."""
        result = ctypes.c_uint64(UNTOUCHED)
        status: int = self._call(kernel, times, slots.ctypes.data, base, nbytes, ctypes.byref(result))
        return status, result.value


class Region:
    """A workload laid out in memory of its own, every buffer at `offsets` or, without them, one behind the other."""

    def __init__(
        self, workload: Workload, prototype: Prototype, offsets: Mapping[str, int] | None = None, nbytes: int = 0
    ) -> None:
        self.workload, self.prototype = workload, prototype
        self.rows = c_arguments(workload, prototype)
        self.offsets = dict(offsets) if offsets is not None else self._in_order()
        self.nbytes = nbytes or max(map(self.end, self.offsets), default=0) + 64
        self.memory = np.frombuffer(mmap.mmap(-1, self.nbytes + mmap.PAGESIZE), np.uint8)
        self.memory[:] = CANARY
        self.base = int(self.memory.ctypes.data)
        for argument in workload.kernel.buffers:  # inputs may lie one in the other: the last one written counts
            if argument.role == "in" and self.end(argument.name) <= self.nbytes:
                self.raw(argument.name)[:] = np.frombuffer(self._content(argument.name), np.uint8)

    @property
    def kernel(self) -> KernelSpec:
        return self.workload.kernel

    def _content(self, name: str) -> bytes:
        value = self.workload.values[name]
        return value if isinstance(value, bytes) else value.tobytes()

    def length(self, name: str) -> int:
        """Bytes of a buffer."""
        return len(self._content(name))

    def end(self, name: str) -> int:
        return self.offsets[name] + self.length(name)

    def _in_order(self) -> dict[str, int]:
        offsets, start = {}, 64
        for argument in self.workload.kernel.buffers:
            offsets[argument.name] = start
            start = (start + self.length(argument.name) + 127) // 64 * 64
        return offsets

    def slots(self) -> npt.NDArray[np.uint64]:
        """The call's slots."""
        packed = np.zeros(max(1, len(self.rows)), np.uint64)
        for i, (parameter, argument, value) in enumerate(self.rows):
            if argument.is_buffer:
                packed[i] = self.offsets[argument.name]
            else:
                dtype = np.dtype(_DTYPES[parameter.type.code])
                packed[i : i + 1].view(dtype)[0] = value
        return packed

    def raw(self, name: str) -> npt.NDArray[np.uint8]:
        return self.memory[self.offsets[name] : self.end(name)]

    def call(self, library: ThunkLibrary, times: int = 1, nbytes: int | None = None) -> tuple[int, int]:
        number = KERNEL_NAMES.index(self.kernel.name)
        return library.call(number, times, self.slots(), self.base, self.nbytes if nbytes is None else nbytes)

    def as_read(self) -> Workload:
        """The workload as it lies in memory now, which differs from what was put there where inputs overlap."""
        values = dict(self.workload.values)
        for argument in self.kernel.buffers:
            if argument.role == "in":
                content = self.raw(argument.name).tobytes()
                shape = tuple(self.workload.dims[name] for name in argument.shape)
                is_bytes = argument.dtype == "bytes"
                values[argument.name] = content if is_bytes else np.frombuffer(content, argument.element).reshape(shape)
        return Workload(self.kernel, self.workload.size, self.workload.dims, values)

    def outputs(self, result: int) -> dict[str, Any]:
        """Everything that the call produced."""
        found: dict[str, Any] = {}
        for argument in self.kernel.buffers:
            if argument.role == "out":
                shape = self.workload.values[argument.name].shape
                found[argument.name] = np.frombuffer(self.raw(argument.name).tobytes(), argument.element).reshape(shape)
        if self.kernel.returns:
            slot = np.array([result], np.uint64)
            found["return"] = slot.view(np.dtype(self.kernel.returns))[0].item()
        return found

    def fits(self, nbytes: int) -> bool:
        """What the thunk must find out: all within, all aligned, nothing that is written in anything else."""
        spans = [(a, self.offsets[a.name], self.end(a.name)) for a in self.kernel.buffers]
        for argument, start, end in spans:
            if end > nbytes or (self.base + start) % np.dtype(argument.element).itemsize:
                return False
            for other, other_start, other_end in spans:
                overlaps = other is not argument and max(start, other_start) < min(end, other_end)
                if overlaps and "out" in (argument.role, other.role):
                    return False
        return True

    def changed(self) -> set[int]:
        """Where memory outside of every buffer is not as it was."""
        outside = np.ones(self.memory.size, bool)
        for name in self.offsets:
            outside[self.offsets[name] : self.end(name)] = False
        return set(np.flatnonzero(outside & (self.memory != CANARY)).tolist())
