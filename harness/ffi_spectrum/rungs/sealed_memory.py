"""Memory that a worker process has mapped, too: a sealed memfd, handed over by its descriptor."""

from __future__ import annotations

import fcntl
import mmap
import os
from typing import Any

import numpy as np

from ffi_spectrum.errors import BadArgument, CallError
from ffi_spectrum.remote.frame import LIMIT_NBYTES
from ffi_spectrum.rungs.guest_memory import Arena, GuestMemory

# Room for several calls of the largest size. Untouched pages cost nothing.
MEMORY_NBYTES = 16 * LIMIT_NBYTES


def sealed_memfd(nbytes: int) -> int:
    """A descriptor of anonymous memory that nobody can shrink or grow: a reader would then die of SIGBUS."""
    fd = os.memfd_create("ffi-spectrum", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        os.ftruncate(fd, nbytes)
        fcntl.fcntl(fd, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL)
    except BaseException:
        os.close(fd)
        raise
    return fd


class SealedMemory(GuestMemory):
    """Sealed memory of `nbytes` bytes.

    The first `staging_nbytes` are staging room, for one call at a time; the rest holds arrays. `fd` is to be given to
    the worker, and closed: the mapping stays.
    """

    def __init__(self, staging_nbytes: int = LIMIT_NBYTES, nbytes: int = MEMORY_NBYTES) -> None:
        self.nbytes = nbytes
        self.fd = sealed_memfd(nbytes)
        try:
            arena = SharedArena(staging_nbytes, nbytes - staging_nbytes)
            super().__init__(mmap.mmap(self.fd, nbytes), arena)
        except BaseException:
            os.close(self.fd)
            raise

    def offset_of(self, array: Any) -> int:
        """Where the elements of an ndarray in this memory lie; raises BadArgument for one that is elsewhere."""
        if not isinstance(array, np.ndarray):
            raise BadArgument(f"expected an ndarray in the memory shared with the worker, got {type(array).__name__}")
        offset = array.ctypes.data - self.base
        if not 0 <= offset <= self.nbytes - array.nbytes:
            raise BadArgument("the array is not in the memory shared with the worker: place it there, or use 'host'")
        return offset


class SharedArena(Arena):
    """Offsets of blocks in memory that a worker has mapped, too."""

    def take(self, nbytes: int) -> int:
        try:
            return super().take(nbytes)
        except CallError:
            raise CallError(
                f"{nbytes} bytes do not fit in the memory shared with the worker: use a smaller size, or let go of "
                "calls that were bound before"
            ) from None
