"""ndarrays between two inaccessible pages: a byte read or written too far is a fault, not luck."""

from __future__ import annotations

import ctypes
import mmap
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

Side = Literal["after", "before"]
CANARY = 0xA5
_PROT_NONE = 0

_libc = ctypes.CDLL(None, use_errno=True)
_libc.mprotect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]


def _protect(address: int, nbytes: int) -> None:
    if _libc.mprotect(address, nbytes, _PROT_NONE) != 0:
        raise OSError(ctypes.get_errno(), "mprotect")


class Guarded:
    """An array of zeros that ends at an inaccessible page (side "after"), or starts after one ("before").

    The bytes between the array and the page on its other side hold `CANARY`. Where the array has no elements, it lies
    on the inaccessible page itself.
    """

    def __init__(self, shape: tuple[int, ...], dtype: str, side: Side) -> None:
        page = mmap.PAGESIZE
        nbytes = int(np.prod(shape)) * np.dtype(dtype).itemsize
        usable = -(-nbytes // page) * page
        self._mapping = mmap.mmap(-1, usable + 2 * page)
        everything = np.frombuffer(self._mapping, np.uint8)
        everything[:] = CANARY
        start = page + (usable - nbytes if side == "after" else 0)
        self._slack = [everything[page:start], everything[start + nbytes : page + usable]]
        self.array: npt.NDArray[Any] = np.ndarray(shape, dtype, self._mapping, start)
        self.array[...] = 0
        address = everything.ctypes.data
        _protect(address, page)
        _protect(address + page + usable, page)

    @property
    def is_intact(self) -> bool:
        """False where something was written between the array and its far guard page."""
        return all(bool(np.all(slack == CANARY)) for slack in self._slack)
