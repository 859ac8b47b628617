"""Memory of a worker that owns a device: shared with it and pinned, or on the device and known by its offset only."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from ffi_spectrum.remote import frame
from ffi_spectrum.rungs.sealed_memory import SealedMemory, SharedArena

# Of shared memory a worker pins every page: room for one call of the largest size, and for arrays of as many bytes.
SHARED_NBYTES = 3 * frame.LIMIT_NBYTES
ARENA_NBYTES = 2 * frame.LIMIT_NBYTES

# Copies so many bytes: where to, where from (as slots say it), how many.
Copy = Callable[[int, int, int], object]


@dataclass(frozen=True, eq=False, slots=True, weakref_slot=True)
class Resident:
    """An array on the device of a worker; `offset` is its slot's. Its room is given back with the last reference."""

    offset: int
    shape: tuple[int, ...]
    dtype: str

    @property
    def nbytes(self) -> int:
        return prod(self.shape) * np.dtype(self.dtype).itemsize


class DeviceMemory(SealedMemory):
    """Shared memory, whose first `staging_nbytes` are staging room, and an arena on the device."""

    def __init__(self, staging_nbytes: int = frame.LIMIT_NBYTES) -> None:
        super().__init__(staging_nbytes, SHARED_NBYTES)
        self._device = SharedArena(0, ARENA_NBYTES)

    def resident(self, shape: Sequence[int], dtype: str) -> Resident:
        """Room on the device, whatever lies in it; raises CallError where none is left."""
        offset = self._device.take(prod(shape) * np.dtype(dtype).itemsize)
        found = Resident(frame.RESIDENT | offset, tuple(shape), dtype)
        weakref.finalize(found, self._device.release, offset).atexit = False
        return found

    def upload(self, to: Resident, value: Any, copy: Copy) -> None:
        """Fill an array on the device with an ndarray or bytes."""
        if to.nbytes:
            staged = self.array(to.shape, to.dtype)
            staged[...] = np.frombuffer(value, np.uint8) if isinstance(value, bytes) else value
            copy(to.offset, self.offset_of(staged), to.nbytes)

    def download(self, source: Resident, copy: Copy) -> Any:
        """An ndarray of the caller with what is on the device."""
        staged = self.array(source.shape, source.dtype)
        if source.nbytes:
            copy(self.offset_of(staged), source.offset, source.nbytes)
        return np.array(staged)

    def offset_of(self, array: Any) -> int:
        return array.offset if isinstance(array, Resident) else super().offset_of(array)
