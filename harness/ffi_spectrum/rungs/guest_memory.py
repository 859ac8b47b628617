"""Linear memory of one guest as the host sees it: blocks, NumPy views and addresses."""

from __future__ import annotations

import ctypes
import math
import weakref
from collections.abc import Sequence
from typing import Any

import numpy as np

from ffi_spectrum.errors import CallError

ALIGNMENT = 64


class Arena:
    """A range of guest addresses that the host hands out, first fit."""

    def __init__(self, start: int, nbytes: int) -> None:
        self.start = start
        self.end = start + nbytes
        self._ends: dict[int, int] = {}

    def take(self, nbytes: int) -> int:
        """The address of `nbytes` bytes (at least one) aligned to 64; raises CallError where none fit."""
        room = -(-max(nbytes, 1) // ALIGNMENT) * ALIGNMENT
        address = self.start
        for used in sorted(self._ends):
            if address + room <= used:
                break
            address = self._ends[used]
        if address + room > self.end:
            raise CallError(
                f"{nbytes} bytes do not fit in the guest's memory beside {len(self._ends)} buffers: "
                "use a smaller size, or let go of calls that were bound before"
            )
        self._ends[address] = address + room
        return address

    def release(self, address: int) -> None:
        del self._ends[address]


class GuestMemory:
    """Zero-copy access to a guest's memory of fixed size.

    `buffer` is that memory with the buffer protocol, and keeps the guest alive. A view holds its block and so
    the buffer: it may outlive everything else. A block is released with the last view of it.
    """

    def __init__(self, buffer: Any, arena: Arena) -> None:
        self.bytes = memoryview(buffer).cast("B")
        self.base: int = np.frombuffer(self.bytes, np.uint8).ctypes.data
        self._buffer = buffer
        self._arena = arena

    def array(self, shape: Sequence[int], dtype: str) -> np.ndarray[Any, Any]:
        """An ndarray of zeros in a block of its own."""
        nbytes = math.prod(shape) * np.dtype(dtype).itemsize
        address = self._arena.take(nbytes)
        # a ctypes array, because NumPy looks through a memoryview to what is behind it: it would not last
        block: Any = (ctypes.c_uint8 * max(nbytes, 1)).from_buffer(self._buffer, address)
        weakref.finalize(block, self._arena.release, address).atexit = False
        view: np.ndarray[Any, Any] = np.ndarray(tuple(shape), dtype, block)
        view[...] = 0
        return view

    def address_of(self, view: np.ndarray[Any, Any]) -> int:
        """Where a view's elements lie, as the guest counts."""
        return int(view.ctypes.data) - self.base
