"""Graphs: what recording a chain of launches costs, what a replay costs, and when the one pays for the other."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from time import perf_counter_ns
from typing import Any

import numpy as np

from ffi_spectrum.device.errors import check
from ffi_spectrum.device.launch import Launch
from ffi_spectrum.device.session import Session
from ffi_spectrum.results.device import GraphTimes

NODES = (1, 4, 16, 64, 256, 1024, 4096)
SIZE, OTHER_SIZE, THREADS = 256, 512, 256
REPLAYS, CAPTURES = 6, 3
# One after the other behind a held stream: the first finds cold caches.
HELD_LAUNCHES = 6


class _Chain:
    """y = a * x + y, `nodes` times in place: with small whole numbers float32 is exact, in any order."""

    def __init__(self, session: Session, nodes: int, a: float, size: int) -> None:
        self.session, self.nodes, self.a = session, nodes, a
        self.x, self.y = (session.cupy.zeros(size, np.float32) for _ in range(2))
        self.size = size
        self._rng = np.random.default_rng(nodes)
        self._bind()

    def _bind(self) -> None:
        objects = {"a": np.float32(self.a), "x": self.x, "y": self.y, "out": self.y, "size": np.uint32(self.size)}
        extents = ((-(-self.size // THREADS), 1, 1), (THREADS, 1, 1))
        self.launch: Launch = self.session.launch("ffis_saxpy", extents, objects)
        self.prepared = self.launch.prepared(self.session.entry)

    def change(self, a: float) -> None:
        """Another scalar for what is launched or captured from now on."""
        self.a = a
        self._bind()

    def enqueue(self) -> None:
        check(self.session.launcher.launch_n(ctypes.addressof(self.prepared), self.nodes), "launching a chain")

    def renew(self, times: int = 1) -> Any:
        """New input data; returns what the oracle says that so many replays make of it, in float64."""
        x, y = (self._rng.integers(-3, 4, self.size).astype(np.float32) for _ in range(2))
        self.x.set(x)
        self.y.set(y)
        self.session.synchronize()
        return y.astype(np.float64) + times * self.nodes * self.a * x.astype(np.float64)

    def is_wrong(self, expected: Any) -> bool:
        return not np.array_equal(self.session.to_host(self.y).astype(np.float64), expected)


def sample_graphs(session: Session) -> list[GraphTimes]:
    """One row per number of nodes; every replay is on new data and compared with the oracle."""
    return [_sample(session, nodes) for nodes in NODES]


def _sample(session: Session, nodes: int) -> GraphTimes:
    from cuda.bindings import driver

    chain = _Chain(session, nodes, 1.0, SIZE)
    times = GraphTimes(nodes, [], [], [], [], [], [], [], 0)
    chain.enqueue()
    session.synchronize()
    wrong, stream = 0, driver.CUstream(int(session.stream.ptr))
    for _ in range(CAPTURES):
        graph = _timed(times.capture_ns, lambda: capture(driver, stream, chain.enqueue))
        executable = _timed(times.instantiate_ns, lambda: driver_value(driver.cuGraphInstantiate(graph, 0)))  # noqa: B023
    driver_value(driver.cuGraphUpload(executable, stream))
    replay = lambda: driver_value(driver.cuGraphLaunch(executable, stream))  # noqa: E731 - a call with nothing around it
    for launch, spent in ((replay, times.replay_ns), (chain.enqueue, times.loop_ns)):
        for _ in range(REPLAYS):
            expected = chain.renew()
            start = perf_counter_ns()
            launch()
            session.synchronize()
            spent.append(perf_counter_ns() - start)
            wrong += chain.is_wrong(expected)
    for _ in range(REPLAYS):
        expected = chain.renew(HELD_LAUNCHES)
        session.hold()
        for _ in range(HELD_LAUNCHES):
            _timed(times.held_ns, replay)
        session.release()
        wrong += chain.is_wrong(expected)
    wrong += _rescale(driver, stream, chain, executable, times)
    wrong += _reshape(driver, stream, session, times)
    return GraphTimes(
        nodes, times.capture_ns, times.instantiate_ns, times.held_ns, times.replay_ns, times.loop_ns,
        times.update_ns, times.recapture_ns, wrong,
    )  # fmt: skip


def _rescale(driver: Any, stream: Any, chain: _Chain, executable: Any, times: GraphTimes) -> int:
    """The same chain with other scalars in the same executable graph; returns how many results were wrong."""
    wrong = 0
    for turn in range(CAPTURES):
        chain.change(2.0 + turn)
        start = perf_counter_ns()
        driver_value(driver.cuGraphExecUpdate(executable, capture(driver, stream, chain.enqueue)))
        times.update_ns.append(perf_counter_ns() - start)
        expected = chain.renew()
        driver_value(driver.cuGraphLaunch(executable, stream))
        chain.session.synchronize()
        wrong += chain.is_wrong(expected)
    return wrong


def _reshape(driver: Any, stream: Any, session: Session, times: GraphTimes) -> int:
    """The same chain on arrays of another size; returns how many results were wrong."""
    other = _Chain(session, times.nodes, 1.0, OTHER_SIZE)
    executable = None
    for _ in range(CAPTURES):
        executable = _timed(
            times.recapture_ns,
            lambda: driver_value(driver.cuGraphInstantiate(capture(driver, stream, other.enqueue), 0)),
        )
    expected = other.renew()
    driver_value(driver.cuGraphLaunch(executable, stream))
    session.synchronize()
    return int(other.is_wrong(expected))


def capture(driver: Any, stream: Any, enqueue: Callable[[], object]) -> Any:
    """The graph of what `enqueue` launches on the stream; nothing of it runs."""
    driver_value(driver.cuStreamBeginCapture(stream, driver.CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_THREAD_LOCAL))
    enqueue()
    return driver_value(driver.cuStreamEndCapture(stream))


def driver_value(result: Any) -> Any:
    """The value behind the error code that cuda-bindings return; raises DeviceError for another than 0."""
    check(int(result[0]), "working with a graph")
    return result[1] if len(result) > 1 else None


def _timed(spent: list[int], action: Any) -> Any:
    start = perf_counter_ns()
    value = action()
    spent.append(perf_counter_ns() - start)
    return value
