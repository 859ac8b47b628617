"""Graphs: what recording a chain of launches costs, what a replay costs, and when the one pays for the other."""

from __future__ import annotations

import ctypes
from time import perf_counter_ns
from typing import Any

import numpy as np

from ffi_spectrum.device.errors import check
from ffi_spectrum.device.graph import value_of
from ffi_spectrum.device.launch import Launch
from ffi_spectrum.device.session import Session
from ffi_spectrum.results.device.graphs import GraphTimes

NODES = (1, 4, 16, 64, 256, 1024, 4096)
SIZE, OTHER_SIZE, THREADS = 256, 512, 256
REPLAYS, CAPTURES = 6, 3
_DOING = "timing a graph"


class Chain:
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
        self._prepared = self.launch.prepared(self.session.entry)
        self.address = ctypes.addressof(self._prepared)

    def change(self, a: float) -> None:
        """Another scalar for what is launched or captured from now on."""
        self.a = a
        self._bind()

    def enqueue(self) -> None:
        check(self.session.launcher.launch_n(self.address, self.nodes), "launching a chain")

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
    return [_Sampler(session, nodes).sample() for nodes in NODES]


class _Sampler:
    """One number of nodes. What is timed are the driver's calls alone; their error codes are looked at afterwards."""

    def __init__(self, session: Session, nodes: int) -> None:
        from cuda.bindings import driver

        self._driver, self._stream = driver, driver.CUstream(int(session.stream.ptr))
        self._mode = driver.CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_THREAD_LOCAL
        self._session, self._nodes = session, nodes
        self._times = GraphTimes(nodes, [], [], [], [], [], [], [], 0)

    def sample(self) -> GraphTimes:
        chain = Chain(self._session, self._nodes, 1.0, SIZE)
        chain.enqueue()
        self._session.synchronize()
        executable = self._record(chain)
        wrong = self._replay(chain, executable) + self._loop(chain) + self._rescale(chain, executable)
        value_of(self._driver.cuGraphExecDestroy(executable), _DOING)
        wrong += self._reshape()
        t = self._times
        return GraphTimes(
            t.nodes, t.capture_ns, t.instantiate_ns, t.held_ns, t.replay_ns, t.loop_ns, t.update_ns, t.recapture_ns,
            wrong,
        )  # fmt: skip

    def _record(self, chain: Chain) -> Any:
        """Captures and instantiates; returns the last executable graph, uploaded, which the caller destroys."""
        begin, end = self._driver.cuStreamBeginCapture, self._driver.cuStreamEndCapture
        instantiate, launch_n = self._driver.cuGraphInstantiate, self._session.launcher.launch_n
        stream, mode, address, nodes = self._stream, self._mode, chain.address, self._nodes
        for turn in range(CAPTURES):
            start = perf_counter_ns()
            begun = begin(stream, mode)
            launched = launch_n(address, nodes)
            captured = end(stream)
            stop = perf_counter_ns()
            graph = self._graph(begun, launched, captured)
            self._times.capture_ns.append(stop - start)
            start = perf_counter_ns()
            made = instantiate(graph, 0)
            stop = perf_counter_ns()
            executable = value_of(made, _DOING)
            self._times.instantiate_ns.append(stop - start)
            value_of(self._driver.cuGraphDestroy(graph), _DOING)
            if turn < CAPTURES - 1:
                value_of(self._driver.cuGraphExecDestroy(executable), _DOING)
        value_of(self._driver.cuGraphUpload(executable, stream), _DOING)
        return executable

    def _replay(self, chain: Chain, executable: Any) -> int:
        launch, stream, wait = self._driver.cuGraphLaunch, self._stream, self._session.stream.synchronize
        wrong = 0
        for _ in range(REPLAYS):
            expected = chain.renew()
            start = perf_counter_ns()
            launched = launch(executable, stream)
            wait()
            stop = perf_counter_ns()
            value_of(launched, _DOING)
            self._times.replay_ns.append(stop - start)
            wrong += chain.is_wrong(expected)
        return wrong

    def _loop(self, chain: Chain) -> int:
        launch_n, wait = self._session.launcher.launch_n, self._session.stream.synchronize
        address, nodes, wrong = chain.address, self._nodes, 0
        for _ in range(REPLAYS):
            expected = chain.renew()
            start = perf_counter_ns()
            error = launch_n(address, nodes)
            wait()
            stop = perf_counter_ns()
            check(error, "launching a chain")
            self._times.loop_ns.append(stop - start)
            wrong += chain.is_wrong(expected)
        return wrong

    def _rescale(self, chain: Chain, executable: Any) -> int:
        """The same chain with other scalars in the same executable graph; returns how many results were wrong."""
        begin, end = self._driver.cuStreamBeginCapture, self._driver.cuStreamEndCapture
        update, launch_n = self._driver.cuGraphExecUpdate, self._session.launcher.launch_n
        stream, mode, nodes, wrong = self._stream, self._mode, self._nodes, 0
        for turn in range(CAPTURES):
            chain.change(2.0 + turn)
            address = chain.address
            start = perf_counter_ns()
            begun = begin(stream, mode)
            launched = launch_n(address, nodes)
            captured = end(stream)
            updated = update(executable, captured[1])
            stop = perf_counter_ns()
            graph = self._graph(begun, launched, captured)
            value_of(updated, _DOING)
            self._times.update_ns.append(stop - start)
            expected = chain.renew()
            value_of(self._driver.cuGraphLaunch(executable, stream), _DOING)
            self._session.synchronize()
            value_of(self._driver.cuGraphDestroy(graph), _DOING)
            wrong += chain.is_wrong(expected)
        return wrong

    def _reshape(self) -> int:
        """The same chain on arrays of another size; returns how many results were wrong."""
        begin, end = self._driver.cuStreamBeginCapture, self._driver.cuStreamEndCapture
        instantiate, launch_n = self._driver.cuGraphInstantiate, self._session.launcher.launch_n
        chain = Chain(self._session, self._nodes, 1.0, OTHER_SIZE)
        stream, mode, address, nodes, wrong = self._stream, self._mode, chain.address, self._nodes, 0
        for _ in range(CAPTURES):
            start = perf_counter_ns()
            begun = begin(stream, mode)
            launched = launch_n(address, nodes)
            captured = end(stream)
            made = instantiate(captured[1], 0)
            stop = perf_counter_ns()
            graph, executable = self._graph(begun, launched, captured), value_of(made, _DOING)
            self._times.recapture_ns.append(stop - start)
            expected = chain.renew()
            value_of(self._driver.cuGraphLaunch(executable, stream), _DOING)
            self._session.synchronize()
            value_of(self._driver.cuGraphExecDestroy(executable), _DOING)
            value_of(self._driver.cuGraphDestroy(graph), _DOING)
            wrong += chain.is_wrong(expected)
        return wrong

    @staticmethod
    def _graph(begun: Any, launched: int, captured: Any) -> Any:
        """The graph of a capture, once its three calls are known to have gone well."""
        value_of(begun, _DOING)
        check(launched, "capturing a chain")
        return value_of(captured, _DOING)
