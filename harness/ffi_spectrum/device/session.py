"""The device in one process: its primary context, one stream, the cubin, and holding the stream back."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ffi_spectrum.device.errors import check, translated
from ffi_spectrum.device.geometry import ONE
from ffi_spectrum.device.launch import Launch, check_device, make_launch
from ffi_spectrum.device.launcher import Launcher
from ffi_spectrum.device.probe import LIBRARY, absence
from ffi_spectrum.errors import DeviceError, Unavailable

# A stream that is held longer lets go by itself: a forgotten release must not hang the device.
HOLD_NS = 4_000_000_000
_GO, _STOPPED = 1, 2
_NOT_FOUND = 500  # CUDA_ERROR_NOT_FOUND


class Session:
    """What all launch paths of a process share, so that only the path differs. Made by `open_session`.

    `stream` is CuPy's object of the one non-blocking stream, which is CuPy's current one from then on; `entry` the
    address of cuLaunchKernel. Functions are CUfunction handles of one module. All arrays are of one device: the first
    that is visible (CUDA_VISIBLE_DEVICES chooses).
    """

    device = 0

    def __init__(self, cubin: Path, launcher: Path) -> None:
        import cupy

        self.cupy = cupy
        self.launcher = Launcher(launcher)
        with translated("opening the device"):
            cupy.cuda.Device(self.device).use()
            self.stream = cupy.cuda.Stream(non_blocking=True)
            self.stream.use()
            self._module = cupy.cuda.driver.moduleLoadData(cubin.read_bytes())
        self.words = self.pinned(8, np.uint64)
        driver = ctypes.CDLL(LIBRARY)
        self.entry: int = ctypes.cast(driver.cuLaunchKernel, ctypes.c_void_p).value or 0
        hold = {"word": self.words[:1], "go": np.uint64(_GO), "stop": np.uint64(_STOPPED), "ns": np.uint64(HOLD_NS)}
        self._hold = self.launch("ffis_hold", (ONE, ONE), hold)
        self._hold_call = self._hold.prepared(self.entry)
        self._hold_address = ctypes.addressof(self._hold_call)

    def use(self) -> None:
        """Make device and stream CuPy's current ones again, whatever was current meanwhile."""
        with translated("choosing the device"):
            self.cupy.cuda.Device(self.device).use()
            self.stream.use()

    def function(self, symbol: str) -> int:
        """The CUfunction of a kernel of ours."""
        with translated(f"looking up {symbol}"):
            return int(self.cupy.cuda.driver.moduleGetFunction(self._module, symbol))

    def variable(self, symbol: str) -> int | None:
        """The device address of a variable of ours, None where this build has none."""
        try:
            with translated(f"looking up {symbol}"):
                return int(self.cupy.cuda.driver.moduleGetGlobal(self._module, symbol))
        except DeviceError as error:
            if error.code != _NOT_FOUND:
                raise
            return None

    def launch(self, symbol: str, extents: Any, objects: Mapping[str, Any]) -> Launch:
        """Prepare a launch of one of our kernels on the session's stream; raises WrongDevice."""
        check_device(objects, self.device)
        return make_launch(symbol, self.function(symbol), int(self.stream.ptr), extents, objects)

    def hold(self) -> None:
        """Hold the stream back: what is launched from now on waits until `release`."""
        self.words[0] = 0
        check(self.launcher.launch_n(self._hold_address, 1), "holding the stream")

    def release(self) -> None:
        """Let the stream run and wait for it; raises DeviceError where it had let go by itself."""
        if self.words[0] == _STOPPED:
            raise DeviceError(f"the stream was held for more than {HOLD_NS / 1e9:g} s and let go by itself")
        self.words[0] = _GO
        self.synchronize()

    def synchronize(self) -> None:
        """Wait for the stream; raises DeviceError for what failed on it."""
        with translated("waiting for the device"):
            self.stream.synchronize()

    def to_device(self, value: Any) -> Any:
        """A copy of an ndarray on the device, finished when this returns."""
        with translated("copying to the device"), self.cupy.cuda.Device(self.device):
            array = self.cupy.asarray(value)
            self.stream.synchronize()
        return array

    def to_host(self, array: Any) -> Any:
        """A copy of a device array as an ndarray of the caller."""
        with translated("copying from the device"):
            # asnumpy gathers a strided array within a `with stream`, whose end makes the default stream current: the
            # one that was chosen by use() is forgotten (CuPy 14.2, ndarray.get)
            is_strided = isinstance(array, self.cupy.ndarray) and not array.flags.c_contiguous
            return self.cupy.asnumpy(self.cupy.ascontiguousarray(array) if is_strided else array)

    def pinned(self, size: int, dtype: Any) -> Any:
        """An ndarray of so many zeros in pinned host memory."""
        import cupyx

        with translated("allocating pinned memory"):
            return cupyx.zeros_pinned(size, dtype)

    def view(self, pinned: Any) -> Any:
        """Pinned host memory as a device array, which kernels read and write in place."""
        memory = self.cupy.cuda.UnownedMemory(pinned.ctypes.data, pinned.nbytes, pinned, 0)
        return self.cupy.ndarray(pinned.shape, pinned.dtype, self.cupy.cuda.MemoryPointer(memory, 0))

    def read_uint64(self, address: int) -> int:
        """The word at a device address, once all that was launched is finished."""
        memory = self.cupy.cuda.UnownedMemory(address, 8, self)
        array = self.cupy.ndarray((1,), np.uint64, self.cupy.cuda.MemoryPointer(memory, 0))
        return int(self.to_host(array)[0])


_sessions: dict[tuple[Path, Path], Session] = {}


def open_session(cubin: Path, launcher: Path) -> Session:
    """The process's session for these artifacts: each is opened once and lives as long as the process.

    Raises Unavailable where there is no device.
    """
    reason = absence()
    if reason:
        raise Unavailable(reason)
    key = (cubin, launcher)
    if key not in _sessions:
        _sessions[key] = Session(cubin, launcher)
    _sessions[key].use()
    return _sessions[key]
