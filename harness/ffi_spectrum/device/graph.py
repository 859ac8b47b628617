"""Launches that are recorded once and replayed by one call; what they use stays alive as long as they may run."""

from __future__ import annotations

import ctypes
import weakref
from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from ffi_spectrum.device.errors import check
from ffi_spectrum.errors import CaptureInvalid, DeviceError

if TYPE_CHECKING:
    from types import TracebackType

    from ffi_spectrum.device.launch import Launch
    from ffi_spectrum.device.session import Session


class Recording:
    """A with block in which launches are recorded on the session's stream instead of run; a Graph is made of it.

    A call that cannot be recorded (a wait for the stream, a copy) spoils the recording: that call, every later `add`
    and the block's end raise CaptureInvalid. Behind the block the stream is as before, whatever happened in it.
    """

    def __init__(self, session: Session) -> None:
        self.session = session
        self.launches: list[Launch] = []
        self.handle: Any = None
        self._driver = _driver()
        self._stream = self._driver.CUstream(int(session.stream.ptr))
        self._is_open = self._is_spoilt = False

    def __enter__(self) -> Recording:
        mode = self._driver.CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_THREAD_LOCAL
        value_of(self._driver.cuStreamBeginCapture(self._stream, mode), "starting to record")
        self._is_open = True
        return self

    def add(self, launch: Launch) -> None:
        """Record one launch behind those before it; it is kept alive. Raises CaptureInvalid and DeviceError."""
        if not self._is_open or self._is_spoilt:
            state = "the recording was spoilt before" if self._is_open else "nothing is being recorded"
            raise CaptureInvalid(f"recording {launch.symbol}: {state}; record again")
        prepared = launch.prepared(self.session.entry)
        try:
            check(self.session.launcher.launch_n(ctypes.addressof(prepared), 1), f"recording {launch.symbol}")
        except DeviceError:
            self._is_spoilt = True
            raise
        self.launches.append(launch)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_open = False
        result = self._driver.cuStreamEndCapture(self._stream)
        _release_left()
        has_graph = int(result[0]) == 0 and int(result[1]) != 0
        if has_graph:
            weakref.finalize(self, self._driver.cuGraphDestroy, result[1]).atexit = False
        if kind is not None:
            return  # what went wrong first says more
        handle = value_of(result, "ending the recording")
        if self._is_spoilt or not has_graph:
            raise CaptureInvalid("ending the recording: a call in it was refused; record again without it")
        self.handle = handle


class Graph:
    """A chain of launches, replayed on the session's stream by one `launch`; made by `record`.

    It owns its launches, and so their arrays: they are alive until the graph is closed or forgotten, and the device
    is done with it. New data go into the same arrays, other arguments through `update`. `executable` is the
    CUgraphExec, for whoever times its launch, and valid as long as the graph is.
    """

    def __init__(self, recording: Recording) -> None:
        if recording.handle is None:
            raise CaptureInvalid("a recording that is not over, or was spoilt, gives no graph; record again")
        self._driver = _driver()
        made = self._driver.cuGraphInstantiate(recording.handle, 0)
        self.executable: Any = value_of(made, "instantiating a graph")
        self.session = recording.session
        self._kept = _Kept(self._driver, recording.session, self.executable, list(recording.launches))
        self._release = weakref.finalize(self, _release, self._kept)
        self._release.atexit = False  # the process takes its context with it

    @property
    def launches(self) -> tuple[Launch, ...]:
        """What a replay launches, in order; empty once it is closed."""
        return tuple(self._kept.launches)

    def launch(self) -> None:
        """Replay it behind what is on the session's stream already; returns before it is done."""
        stream = self._driver.CUstream(int(self.session.stream.ptr))
        value_of(self._driver.cuGraphLaunch(self._open(), stream), "replaying a graph")

    def update(self, launches: Iterable[Launch]) -> None:
        """Take over other arguments, grids and blocks for the same chain of kernels.

        What was used until now is kept alive until the device is done with it, for which this waits. Raises DeviceError
        where the chain is another one; the graph is then as before (cuGraphExecUpdate: "not performed").
        """
        executable, recorded = self._open(), _capture(self.session, launches)
        value_of(self._driver.cuGraphExecUpdate(executable, recorded.handle), "changing a graph")
        self.session.synchronize()  # what ran until now used the launches that are let go here
        self._kept.launches = recorded.launches

    def close(self) -> None:
        """Wait for the stream, and give back the graph and what it kept alive; once is enough."""
        self._release()

    def _open(self) -> Any:
        if not self._release.alive:
            raise DeviceError("the graph is closed; record it again")
        return self.executable


def record(session: Session, launches: Iterable[Launch]) -> Graph:
    """A graph of these launches, which are not run; raises CaptureInvalid and DeviceError."""
    return Graph(_capture(session, launches))


def value_of(result: Any, doing: str) -> Any:
    """The value behind the error code in what a function of cuda-bindings returns; raises the error for the code."""
    check(int(result[0]), doing)
    return result[1] if len(result) > 1 else None


class _Kept:
    """What a graph owns, apart from the graph: so that it outlives a graph that was forgotten during a recording."""

    def __init__(self, driver: Any, session: Session, executable: Any, launches: list[Launch]) -> None:
        self.driver, self.session, self.executable, self.launches = driver, session, executable, launches


_left: list[_Kept] = []


def _release(kept: _Kept) -> None:
    _left.append(kept)
    _release_left()


def _release_left() -> None:
    """Wait for the stream and free what is left to be freed; later, where a wait would spoil a recording."""
    pending, _left[:] = tuple(_left), ()  # taken first: what is freed here may free another graph
    for kept in pending:
        stream = kept.driver.CUstream(int(kept.session.stream.ptr))
        error, status = kept.driver.cuStreamIsCapturing(stream)
        if int(error) == 0 and int(status) != 0:
            _left.append(kept)
            continue
        with suppress(DeviceError):  # the error of a kernel is for who waits for it, not for who frees
            kept.session.synchronize()
        kept.driver.cuGraphExecDestroy(kept.executable)
        kept.launches = []


def _capture(session: Session, launches: Iterable[Launch]) -> Recording:
    with Recording(session) as recording:
        for launch in launches:
            recording.add(launch)
    return recording


def _driver() -> Any:
    from cuda.bindings import driver

    return driver
