"""A device that is this process: its arrays are ndarrays, its copies memmove, and the C launcher calls a function."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

import numpy as np

from ffi_spectrum.device.launch import Launch, make_launch
from ffi_spectrum.device.launcher import Launcher
from ffi_spectrum.toolchain.build import Toolchain
from ffi_spectrum.toolchain.launcher import launcher_library

TO_DEVICE, TO_HOST = 1, 2
# cuLaunchKernel's, as far as it matters here: twelve machine words, of which the tenth is `void **parameters`
_LAUNCH = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p, *[ctypes.c_uint32] * 7, *[ctypes.c_void_p] * 3)


class FakeSession:
    """What copies and launch paths use of a Session; `log` says when the stream was held, released and launched on.

    `kernel` gets the address of the arguments' addresses and returns an error code. Copies of the kinds in `lost` do
    nothing.
    """

    def __init__(self, kernel: Callable[[int], int] = lambda parameters: 0, lost: tuple[int, ...] = ()) -> None:
        self.log: list[str] = []
        self.launcher = Launcher(launcher_library(Toolchain()).path)
        self.stream = self._stream("stream", 1)
        self._lost = lost

        def launch(*arguments: Any) -> int:
            self.log.append("launch")
            return kernel(arguments[9])

        self._launch = _LAUNCH(launch)
        self.entry = ctypes.cast(self._launch, ctypes.c_void_p).value or 0
        self.cupy = SimpleNamespace(
            zeros=np.zeros,
            cuda=SimpleNamespace(
                runtime=SimpleNamespace(memcpy=self._copy, memcpyAsync=self._copy),
                Stream=_Streams(self._stream("other", 2), self._stream("null", 0)),
            ),
        )

    def _stream(self, name: str, ptr: int) -> SimpleNamespace:
        return SimpleNamespace(ptr=ptr, synchronize=lambda: self.log.append(f"wait for {name}"))

    def _copy(self, target: int, source: int, nbytes: int, kind: int, stream: int = 0) -> None:
        self.log.append(f"copy on {stream}")
        if kind not in self._lost:
            ctypes.memmove(target, source, nbytes)

    def launch(self, symbol: str, extents: Any, objects: Mapping[str, Any]) -> Launch:
        return make_launch(symbol, 0, 1, extents, objects)

    def hold(self) -> None:
        self.log.append("hold")

    def release(self) -> None:
        self.log.append("release")

    def synchronize(self) -> None:
        pass

    def pinned(self, size: int, dtype: Any) -> Any:
        return np.zeros(size, dtype)

    def to_device(self, value: Any) -> Any:
        return np.array(value)

    def to_host(self, array: Any) -> Any:
        return np.array(array)


class _Streams:
    """CuPy's class Stream: called for another one, and with the default one as attribute."""

    def __init__(self, other: SimpleNamespace, null: SimpleNamespace) -> None:
        self.null, self._other = null, other

    def __call__(self, non_blocking: bool) -> SimpleNamespace:
        return self._other
