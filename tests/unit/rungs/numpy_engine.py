"""A device for workers that is none: its memory is the host's, and the oracles do the work. Runs in a real worker.

`spin` takes as long as its steps say, a nanosecond each. An `add` of ILLEGAL fails as a kernel with an illegal address
does, and all that follows with it; one of HUNGRY as an allocation does that finds no memory.
"""

from __future__ import annotations

import ctypes
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ffi_spectrum.device.errors import check
from ffi_spectrum.kernels.spec import Dims, KernelSpec

ILLEGAL, HUNGRY = -(2**40), -(2**41)
_CODES = {ILLEGAL: 700, HUNGRY: 2}
_LOST = 700


class Ready(NamedTuple):
    kernel: KernelSpec
    dims: Dims
    objects: Mapping[str, Any]


class NumpyEngine:
    """Does everything when `wait` is called, in order, as a stream does."""

    counts = False

    def __init__(self) -> None:
        self._memory: list[Any] = []
        self._queue: list[tuple[Any, ...]] = []
        self._entered: Counter[str] = Counter()
        self._is_lost = False

    def enter(self) -> None:
        pass

    def allocate(self, nbytes: int) -> int:
        self._memory.append(np.full(nbytes + 64, 0xA5, np.uint8))
        return -(-int(self._memory[-1].ctypes.data) // 64) * 64

    def pin(self, address: int, nbytes: int) -> int:
        return address

    def copy(self, to: int, source: int, nbytes: int) -> None:
        self._queue.append((ctypes.memmove, to, source, nbytes))

    def ready(self, kernel: KernelSpec, dims: Dims, objects: Mapping[str, Any]) -> Ready:
        return Ready(kernel, dims, objects)

    def launch(self, ready: Ready, times: int) -> None:
        if times:
            self._queue.append((self._run, ready, times))

    def wait(self) -> None:
        queue, self._queue = self._queue, []
        check(_LOST if self._is_lost else 0, "waiting")
        for function, *arguments in queue:
            function(*arguments)

    def count(self, kernel: KernelSpec) -> int | None:
        check(_LOST if self._is_lost else 0, "counting")
        return self._entered[kernel.name] if self.counts else None

    def _run(self, ready: Ready, times: int) -> None:
        kernel, dims, objects = ready
        code = _CODES.get(int(objects["a"]), 0) if kernel.name == "add" else 0
        self._is_lost = code == _LOST
        check(code, "running")
        self._entered[kernel.name] += times
        if kernel.name == "spin" and dims["steps"] * times > 1_000_000:
            time.sleep(dims["steps"] * times / 1e9)
            return
        values = {a.name: _view(a, dims, objects) for a in kernel.arguments if a.role != "length"}
        with np.errstate(all="ignore"):
            outputs = kernel.oracle(values, dims)
        for name, output in outputs.items():
            if name == "return":
                value = np.asarray([output]).astype(kernel.returns)
                ctypes.memmove(int(objects["result"]), value.ctypes.data, value.nbytes)
            else:
                values[name][...] = output


class CountingEngine(NumpyEngine):
    counts = True


def _view(argument: Any, dims: Dims, objects: Mapping[str, Any]) -> Any:
    value = objects[argument.name]
    if not argument.is_buffer:
        return value.item()
    shape = tuple(dims[name] for name in argument.shape)
    nbytes = int(np.prod(shape)) * np.dtype(argument.element).itemsize
    return np.frombuffer((ctypes.c_char * nbytes).from_address(int(value)), argument.element).reshape(shape)


def open_engine(cubin: Path, launcher: Path) -> NumpyEngine:
    """The counting one where the library's own build counts: the artifacts of the tests are the host's."""
    return CountingEngine() if b"ffis_count_noop" in cubin.read_bytes() else NumpyEngine()
