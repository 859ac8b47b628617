"""The two kernels as Python methods, out of kernels.wasm through wasmtime.

The guest reaches its own linear memory and nothing else: a bad pointer raises wasmtime.Trap or spoils the
guest's data, never the host's. The price: data must lie in that memory before a kernel sees it.
"""

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from wasmtime import Engine, Func, Instance, Memory, Module, Store

_PATH = Path(__file__).with_name("kernels.wasm")


class Kernels:
    """One instance of the guest. Not thread-safe, because a Store isn't."""

    def __init__(self) -> None:
        # The Store owns the instance and its memory. Func and Memory are mere indices into it and keep
        # nothing alive: whoever holds one must hold the Store.
        self._store = Store(Engine())
        module = Module.from_file(self._store.engine, str(_PATH))
        exports = Instance(self._store, module, []).exports(self._store)  # []: it imports nothing

        memory = exports["memory"]
        assert isinstance(memory, Memory)
        # The memory is of fixed size (see the Makefile). If it could grow, it could move, and this view of it
        # would have to be made anew after each call that may grow it.
        buffer = memory.get_buffer_ptr(self._store)
        # A view only knows an address: used after the Store is gone, it is a segfault. With this, each array
        # holds the buffer and so the Store. Not `self`: a cycle through NumPy arrays is never collected.
        buffer.store = self._store  # type: ignore[attr-defined]
        self._memory: NDArray[np.uint8] = np.ctypeslib.as_array(buffer)

        def bind(name: str) -> partial[Any]:
            function = exports[name]
            assert isinstance(function, Func)
            return partial(function, self._store)

        self._crc32 = bind("kernels_crc32")
        self._saxpy = bind("kernels_saxpy")
        self._allocate = bind("kernels_allocate")
        self._release = bind("kernels_release")

    def empty(self, size: int) -> NDArray[np.float32]:
        """An uninitialised array in the guest's memory: host and guest share it without a copy."""
        return self._block(size * np.dtype(np.float32).itemsize).view(np.float32)

    def crc32(self, data: bytes) -> int:
        """CRC-32 of `data`, which is copied into the guest for the call."""
        block = self._block(len(data))
        block[:] = np.frombuffer(data, np.uint8)
        try:
            crc: int = self._crc32(self._offset(block), len(data))
        finally:
            self._release(self._offset(block))
        return crc & 0xFFFFFFFF  # Wasm's i32 has no sign; wasmtime returns it as a signed one

    def saxpy(self, a: float, x: NDArray[np.float32], y: NDArray[np.float32]) -> None:
        """y = a * x + y, in place; `x` and `y` come from `empty`, C-contiguous and of one shape."""
        if x.shape != y.shape:
            raise ValueError(f"x and y differ in shape: {x.shape} and {y.shape}")
        for array in (x, y):
            if array.dtype != np.float32 or not array.flags.c_contiguous:
                raise TypeError(f"need C-contiguous float32, got {array.dtype} with strides {array.strides}")
        self._saxpy(a, self._offset(x), self._offset(y), x.size)

    def _block(self, nbytes: int) -> NDArray[np.uint8]:
        # The range is checked here because wasmtime silently cuts a larger integer down to its low 32 bits.
        offset: int = self._allocate(nbytes) if 0 <= nbytes < self._memory.nbytes else 0
        if offset == 0:
            raise MemoryError(f"{nbytes} bytes don't fit into the guest's memory")
        return self._memory[offset : offset + nbytes]

    def _offset(self, array: NDArray[Any]) -> int:
        """The guest's pointer to an array that lies in the guest's memory."""
        offset: int = array.ctypes.data - self._memory.ctypes.data
        if not 0 <= offset <= self._memory.nbytes - array.nbytes:
            raise ValueError("the array isn't in this guest's memory: make it with empty()")
        return offset
