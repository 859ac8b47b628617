"""A driver that records graphs, and a session on it: what a Graph may assume of the real ones."""

from __future__ import annotations

import ctypes
from types import SimpleNamespace
from typing import Any

from ffi_spectrum.device.errors import check
from ffi_spectrum.device.launch import Launch

INVALIDATED, UPDATE_FAILURE = 901, 910


class FakeDriver:
    """cuda.bindings.driver with one stream; `alive` holds the executable graphs that were not destroyed."""

    CUstreamCaptureMode = SimpleNamespace(CU_STREAM_CAPTURE_MODE_THREAD_LOCAL=1)
    CUstream = int

    def __init__(self) -> None:
        self.status = 0  # of the capture: none, active, invalidated
        self.recorded: list[int] = []
        self.graphs: dict[int, list[int]] = {}
        self.alive: dict[int, list[int]] = {}
        self.replayed: list[list[int]] = []
        self._next = 1

    def _handle(self) -> int:
        self._next += 1
        return self._next

    def cuStreamBeginCapture(self, stream: int, mode: int) -> tuple[int]:  # noqa: N802 - the driver's own names
        self.status, self.recorded = 1, []
        return (0,)

    def cuStreamEndCapture(self, stream: int) -> tuple[int, Any]:  # noqa: N802
        was, self.status = self.status, 0
        if was == 2:
            return INVALIDATED, None
        handle = self._handle()
        self.graphs[handle] = self.recorded
        return 0, handle

    def cuStreamIsCapturing(self, stream: int) -> tuple[int, int]:  # noqa: N802
        return 0, self.status

    def cuGraphInstantiate(self, graph: int, flags: int) -> tuple[int, int]:  # noqa: N802
        handle = self._handle()
        self.alive[handle] = list(self.graphs[graph])
        return 0, handle

    def cuGraphExecUpdate(self, executable: int, graph: int) -> tuple[int, Any]:  # noqa: N802
        if len(self.graphs[graph]) != len(self.alive[executable]):
            return UPDATE_FAILURE, None
        self.alive[executable] = list(self.graphs[graph])
        return 0, None

    def cuGraphLaunch(self, executable: int, stream: int) -> tuple[int]:  # noqa: N802
        self.replayed.append(self.alive[executable])
        return (0,)

    def cuGraphDestroy(self, graph: int) -> tuple[int]:  # noqa: N802
        del self.graphs[graph]
        return (0,)

    def cuGraphExecDestroy(self, executable: int) -> tuple[int]:  # noqa: N802
        assert self.status == 0, "freed while launches were recorded"
        del self.alive[executable]
        return (0,)


class FakeSession:
    """A session whose launches the driver records, by the launch's function; a wait spoils what is being recorded."""

    def __init__(self, driver: FakeDriver) -> None:
        self.driver = driver
        self.stream = SimpleNamespace(ptr=7)
        self.entry = 1
        self.launcher = SimpleNamespace(launch_n=self._launch)
        self.waits = 0

    def _launch(self, address: int, times: int) -> int:
        if self.driver.status == 2:
            return INVALIDATED
        # the handle behind `launch` of struct ffis_launch
        self.driver.recorded.append(ctypes.cast(address, ctypes.POINTER(ctypes.c_void_p))[1] or 0)
        return 0

    def synchronize(self) -> None:
        self.waits += 1
        if self.driver.status:
            self.driver.status = 2
            check(900, "waiting for the device")


class Array:
    """Something that a launch uses, and that can be seen to die."""


def launch_of(function: int, array: Array) -> Launch:
    none = (ctypes.c_void_p * 1)()
    return Launch(f"kernel{function}", function, 7, (1, 1, 1), (1, 1, 1), {"x": array}, [], none)
