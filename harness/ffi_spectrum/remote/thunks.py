"""What a worker written in Python calls: the generated thunks (the C side is native/support/thunk.h), or their like."""

from __future__ import annotations

import ctypes
import mmap
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from ffi_spectrum.remote import frame

# ffis_thunk_count in a build that does not count
NO_COUNT = 2**64 - 1
# What ffis_thunk_slots says of a number that nothing has, and FFIS_BATCH
_UNKNOWN, BATCH_BIT = 2**32 - 1, 0x10000


# Before a region there is room for an answer's header and result, so that outputs need not be moved.
REGION_OFFSET = 2 * frame.ALIGNMENT


class FarKernels(Protocol):
    """Kernels by number, and one region to call them on; one object serves one thread.

    `memory` has room for a region of the largest size, starting at REGION_OFFSET; `slots` has the number of slots of
    each kernel, and of each batch that can be called, by its number.
    """

    @property
    def memory(self) -> memoryview: ...

    @property
    def region(self) -> memoryview: ...

    @property
    def slots(self) -> Mapping[int, int]: ...

    @property
    def library_sha256(self) -> str: ...

    @property
    def result(self) -> int:
        """The slot of the last call's result, as an unsigned number."""

    def call(self, kernel: int, times: int, nbytes: int) -> int:
        """Call a kernel `times` times on the region's first `nbytes` bytes, which start with its slots; a status."""

    def count(self, kernel: int) -> int:
        """How often the kernel was entered; NO_COUNT in a build that does not count."""


class Thunks:
    """`libffis_thunks.so` as FarKernels; of the region, pages are taken as they are touched."""

    def __init__(self, path: Path | str) -> None:
        library = ctypes.CDLL(str(path))
        self.memory = memoryview(mmap.mmap(-1, REGION_OFFSET + frame.LIMIT_NBYTES))
        self.region = self.memory[REGION_OFFSET:]
        base = ctypes.addressof(ctypes.c_char.from_buffer(self.region))
        self._result = ctypes.c_uint64()
        self._base = ctypes.c_void_p(base)
        self._result_at = ctypes.byref(self._result)
        self._call = library.ffis_thunk_call
        self._call.restype = ctypes.c_uint32
        self._call.argtypes = (
            ctypes.c_uint32, ctypes.c_uint64, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_uint64, ctypes.c_void_p,
        )  # fmt: skip
        self._count = library.ffis_thunk_count
        self._count.restype, self._count.argtypes = ctypes.c_uint64, (ctypes.c_uint32,)
        library.ffis_thunk_slots.restype = library.ffis_thunk_kernels.restype = ctypes.c_uint32
        library.ffis_thunk_library.restype = ctypes.c_char_p
        numbers = [number + batch for batch in (0, BATCH_BIT) for number in range(library.ffis_thunk_kernels())]
        counts = {number: library.ffis_thunk_slots(number) for number in numbers}
        self.slots: dict[int, int] = {number: count for number, count in counts.items() if count != _UNKNOWN}
        self.library_sha256: str = library.ffis_thunk_library().decode()

    def call(self, kernel: int, times: int, nbytes: int) -> int:
        status: int = self._call(kernel, times, self._base, self._base, nbytes, self._result_at)
        return status

    @property
    def result(self) -> int:
        return self._result.value

    def count(self, kernel: int) -> int:
        count: int = self._count(kernel)
        return count
