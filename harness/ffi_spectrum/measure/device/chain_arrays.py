"""What all ways through a chain of dense layers share: arrays on both sides, and its launches prepared for C."""

from __future__ import annotations

import ctypes
from collections.abc import Iterable
from functools import cached_property
from typing import Any

import numpy as np

from ffi_spectrum.device.errors import check, translated
from ffi_spectrum.device.geometry import Extent, geometry
from ffi_spectrum.device.launch import Launch, make_launch
from ffi_spectrum.device.launcher import PreparedLaunch
from ffi_spectrum.device.probe import LIBRARY
from ffi_spectrum.device.session import Session
from ffi_spectrum.measure.device.layers import ROWS, WIDTH, Layers

# Dimensions of each kernel of a layer; the order is that of its last parameters.
DIMS = {
    "matmul": {"m": ROWS, "k": WIDTH, "n": WIDTH},
    "bias_add": {"m": ROWS, "n": WIDTH},
    "relu": {"size": ROWS * WIDTH},
    "dense_relu": {"m": ROWS, "k": WIDTH, "n": WIDTH},
}
KERNELS = ("three", "fused")
_TO_DEVICE, _TO_HOST = 1, 2  # cudaMemcpyHostToDevice, cudaMemcpyDeviceToHost


class ChainArrays:
    """Layers on the device, and the few arrays that all of them use in turn; nothing is allocated later.

    `x` takes what is copied in. Three kernels a layer go from x to `product`, `total` and back to x; the fused one
    goes from x to `y`, and the next from y to x. `sent` and `received` are in pinned host memory.
    """

    def __init__(self, session: Session, layers: Layers) -> None:
        self.session = session
        self.weights, self.biases = (list(session.to_device(array)) for array in (layers.weights, layers.biases))
        shape = (ROWS, WIDTH)
        with translated("allocating for a chain"):
            self.x, self.y, self.product, self.total = (session.cupy.zeros(shape, np.float32) for _ in range(4))
        self.sent, self.received = (session.pinned(ROWS * WIDTH, np.float32).reshape(shape) for _ in range(2))
        self._functions = {kernel: session.function(f"ffis_{kernel}") for kernel in DIMS}

    def arguments(self, kernels: str, count: int) -> list[tuple[Any, ...]]:
        """What differs between the first `count` layers, in the order of a launch's arguments."""
        pairs = list(zip(self.weights[:count], self.biases[:count], strict=True))
        if kernels != "fused":
            return pairs
        ends = ((self.x, self.y), (self.y, self.x))
        return [(ends[i % 2][0], *pair, ends[i % 2][1]) for i, pair in enumerate(pairs)]

    def result(self, kernels: str, count: int) -> Any:
        """The array that `count` layers leave their result in."""
        return self.y if kernels.startswith("fused") and count % 2 else self.x

    def prepared(self, kernels: str, count: int) -> tuple[int, int]:
        """Where the launches of `count` layers lie as structures of the C launcher, and how many they are."""
        each = 1 if kernels == "fused" else 3
        return ctypes.addressof(self._prepared[kernels][1]), each * count

    @cached_property
    def _prepared(self) -> dict[str, tuple[list[Launch], Any]]:
        found = {}
        for kernels, launches in (("three", list(self._three())), ("fused", list(self._fused()))):
            structures = [launch.prepared(self.session.entry) for launch in launches]
            found[kernels] = (launches, (PreparedLaunch * len(structures))(*structures))
        return found

    def _three(self) -> Iterable[Launch]:
        for weights, bias in self.arguments("three", len(self.weights)):
            yield self._launch("matmul", self.x, weights, self.product)
            yield self._launch("bias_add", self.product, bias, self.total)
            yield self._launch("relu", self.total, self.x)

    def _fused(self) -> Iterable[Launch]:
        return (self._launch("dense_relu", *arrays) for arrays in self.arguments("fused", len(self.weights)))

    def _launch(self, kernel: str, *arrays: Any) -> Launch:
        objects = {f"array{i}": array for i, array in enumerate(arrays)} | lengths_of(kernel)
        function, stream = self._functions[kernel], int(self.session.stream.ptr)
        return make_launch(f"ffis_{kernel}", function, stream, extents_of(kernel), objects)

    def enqueue(self, kernels: str, count: int) -> None:
        """Launch `count` layers by the C launcher, and wait for nothing."""
        check(self.session.launcher.launch_list(*self.prepared(kernels, count), None), "launching a chain")

    def enqueue_copies(self, kernels: str, count: int) -> None:
        """The same with the copies before and behind it, by calls that a capture allows."""
        memcpy, stream = self.session.cupy.cuda.runtime.memcpyAsync, self.session.stream.ptr
        result = self.result(kernels, count)
        with translated("copying around a chain"):
            memcpy(self.x.data.ptr, self.sent.ctypes.data, self.sent.nbytes, _TO_DEVICE, stream)
        self.enqueue(kernels, count)
        with translated("copying around a chain"):
            memcpy(self.received.ctypes.data, result.data.ptr, self.received.nbytes, _TO_HOST, stream)


def extents_of(kernel: str) -> tuple[Extent, Extent]:
    return geometry(kernel, DIMS[kernel])


def lengths_of(kernel: str) -> dict[str, Any]:
    """The lengths that a kernel takes last, as NumPy scalars of its parameters' type."""
    return {name: np.uint32(length) for name, length in DIMS[kernel].items()}


def stream_wait() -> int:
    """The address of cuStreamSynchronize."""
    return ctypes.cast(ctypes.CDLL(LIBRARY).cuStreamSynchronize, ctypes.c_void_p).value or 0
