"""The generated thunks, loaded into a worker that is written in Python; the C side is native/support/thunk.h."""

from __future__ import annotations

import ctypes
import mmap
from pathlib import Path

from ffi_spectrum.remote import frame

# ffis_thunk_count in a build that does not count
NO_COUNT = 2**64 - 1


class Thunks:
    """`libffis_thunks.so` and one region to call it on; one object serves one thread.

    `memory` has room for a region of the largest size, starting at REGION_OFFSET; pages are taken as they are touched.
    `slots` has the number of slots of each kernel.
    """

    # Before the region there is room for an answer's header and result, so that outputs need not be moved.
    REGION_OFFSET = 2 * frame.ALIGNMENT

    def __init__(self, path: Path | str) -> None:
        library = ctypes.CDLL(str(path))
        self.memory = memoryview(mmap.mmap(-1, self.REGION_OFFSET + frame.LIMIT_NBYTES))
        self.region = self.memory[self.REGION_OFFSET :]
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
        self.slots: list[int] = [library.ffis_thunk_slots(kernel) for kernel in range(library.ffis_thunk_kernels())]
        self.library_sha256: str = library.ffis_thunk_library().decode()

    def call(self, kernel: int, times: int, nbytes: int) -> int:
        """Call a kernel `times` times on the region's first `nbytes` bytes, which start with its slots; a status."""
        status: int = self._call(kernel, times, self._base, self._base, nbytes, self._result_at)
        return status

    @property
    def result(self) -> int:
        """The slot of the last call's result, as an unsigned number."""
        return self._result.value

    def count(self, kernel: int) -> int:
        """How often the kernel was entered; NO_COUNT in a build that does not count."""
        count: int = self._count(kernel)
        return count
