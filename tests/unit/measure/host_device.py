"""A device whose memory is the host's and whose kernels are NumPy's: what the launch loops are tried on without one."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np

from ffi_spectrum.device.launcher import Launcher
from ffi_spectrum.rungs.cupy_raw import CupyRaw
from ffi_spectrum.toolchain.build import Toolchain
from ffi_spectrum.toolchain.launcher import launcher_library

# What each kernel does, and what its last parameters, the lengths, are called.
KERNELS: dict[str, tuple[Any, tuple[str, ...]]] = {
    "matmul": (lambda a, b: a @ b, ("m", "k", "n")),
    "bias_add": (lambda x, bias: x + bias, ("m", "n")),
    "relu": (lambda x: np.maximum(x, 0), ("size",)),
    "dense_relu": (lambda a, b, bias: np.maximum(a @ b + bias, 0), ("m", "k", "n")),
    "saxpy": (lambda a, x, y: a * x + y, ("size",)),
}
ADDRESS, U32 = ctypes.c_void_p, ctypes.c_uint32
_ENTRY = ctypes.CFUNCTYPE(ctypes.c_int32, ADDRESS, *[U32] * 7, *[ADDRESS] * 3)
_WAIT = ctypes.CFUNCTYPE(ctypes.c_int32, ADDRESS)


class HostArray:
    """What is used of a CuPy array."""

    def __init__(self, values: Any) -> None:
        self.values = values
        self.data = SimpleNamespace(ptr=values.ctypes.data)

    def __iter__(self) -> Iterator[HostArray]:
        return map(HostArray, self.values)

    def set(self, host: Any) -> None:
        assert host.shape == self.values.shape
        self.values[...] = host

    def get(self, out: Any, blocking: bool) -> None:
        assert not blocking
        out[...] = self.values


class HostSession:
    """What is used of a Session; `launches` names every launch and every wait, in order."""

    def __init__(self) -> None:
        self.launches: list[str] = []
        self.stream = SimpleNamespace(ptr=7, synchronize=self.synchronize)
        self.launcher = Launcher(launcher_library(Toolchain()).path)
        self.cupy = SimpleNamespace(zeros=lambda shape, dtype: HostArray(np.zeros(shape, dtype)), matmul=self._matmul)
        self._entry, self._wait = _ENTRY(self._launch), _WAIT(self._wait_in_c)
        self.entry = ctypes.cast(self._entry, ADDRESS).value or 0
        self.wait = ctypes.cast(self._wait, ADDRESS).value or 0
        self.error = self.wait_error = 0  # what the driver says to the launcher in C

    def synchronize(self) -> None:
        self.launches.append("wait")

    hold = release = lambda self: None

    def function(self, symbol: str) -> int:
        return 1 + list(KERNELS).index(symbol.removeprefix("ffis_"))

    def to_device(self, value: Any) -> HostArray:
        return HostArray(value.copy())

    def to_host(self, array: HostArray) -> Any:
        return array.values.copy()

    def pinned(self, size: int, dtype: Any) -> Any:
        return np.zeros(size, dtype)

    def run(self, kernel: str, grid: Any, block: Any, arguments: tuple[Any, ...]) -> None:
        """The kernel on arrays, if every element of its output has a thread and its lengths are the arrays'."""
        function, names = KERNELS[kernel]
        *inputs, out = [_values(value) for value in arguments[: -len(names)]]
        lengths = dict(zip(names, map(int, arguments[-len(names) :]), strict=True))
        rows, columns = (lengths["m"], lengths["n"]) if "n" in lengths else (1, lengths["size"])
        assert rows * columns == out.size
        assert np.prod(grid) * np.prod(block) >= out.size
        out[...] = function(*inputs)
        self.launches.append(kernel)

    def _matmul(self, a: HostArray, b: HostArray, out: HostArray) -> None:
        out.values[...] = a.values @ b.values
        self.launches.append("multiply")

    def _launch(self, function: int, *rest: Any) -> int:
        """cuLaunchKernel, for the kernels of a dense layer with the dimensions that lengths give."""
        if self.error:
            return self.error
        kernel, (_, names) = list(KERNELS.items())[function - 1]
        pointers = ctypes.cast(rest[8], ctypes.POINTER(ADDRESS))
        count = KERNELS[kernel][0].__code__.co_argcount + 1
        lengths = [ctypes.cast(pointers[count + i], ctypes.POINTER(U32))[0] for i in range(len(names))]
        given = dict(zip(names, lengths, strict=True))
        m, n = (given["m"], given["n"]) if "n" in given else (1, given["size"])
        shapes = {
            "matmul": [(m, given.get("k", 0)), (given.get("k", 0), n), (m, n)],
            "bias_add": [(m, n), (n,), (m, n)],
        }
        shapes |= {"relu": [(m, n), (m, n)], "dense_relu": [*shapes["matmul"][:2], (n,), (m, n)]}
        arrays = [_array_at(pointers[i], shape) for i, shape in enumerate(shapes[kernel])]
        assert rest[7] == self.stream.ptr
        self.run(kernel, rest[0:3], rest[3:6], (*arrays, *lengths))
        return 0

    def _wait_in_c(self, stream: int) -> int:
        assert stream == self.stream.ptr
        self.launches.append("wait")
        return self.wait_error


def _array_at(pointer: Any, shape: tuple[int, ...]) -> Any:
    """The array whose address lies where a parameter's address points to."""
    address = ctypes.cast(pointer, ctypes.POINTER(ADDRESS))[0] or 0
    size = int(np.prod(shape))
    return np.ctypeslib.as_array((ctypes.c_float * size).from_address(address)).reshape(shape)


def _values(value: Any) -> Any:
    return value.values if isinstance(value, HostArray) else value


class HostCupyRaw(CupyRaw):
    """CuPy's path with the session's kernels."""

    def __init__(self, session: HostSession) -> None:
        super().__init__({})
        self.host = session

    def kernel(self, symbol: str) -> Any:
        name = symbol.removeprefix("ffis_")
        return lambda grid, block, arguments: self.host.run(name, grid, block, arguments)
