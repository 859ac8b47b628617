"""Kernels of known length, launched and waited for one by one, launched in a row, and replayed from a graph."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from time import perf_counter_ns

import numpy as np

from ffi_spectrum.device.geometry import ONE
from ffi_spectrum.device.session import Session
from ffi_spectrum.measure.compiled import compile_function
from ffi_spectrum.measure.device_graphs import capture, driver_value
from ffi_spectrum.results.device import Durations
from ffi_spectrum.rungs.device_rung import DeviceRung

DURATIONS_NS = (0, 2_000, 5_000, 10_000, 20_000, 50_000, 200_000, 1_000_000, 10_000_000)
# So many launches, or fewer: those that take about BLOCK_NS.
MOST_LAUNCHES, LEAST_LAUNCHES, BLOCK_NS = 200, 4, 5_000_000
TRIALS = 3
# The path that most write, the quickest package made for launching, and the least that there is.
PATHS = ("cupy_raw", "cuda_core", "cuda_loop")


def sample_durations(session: Session, paths: dict[str, DeviceRung]) -> list[Durations]:
    """For every length, by those of `paths` that are in PATHS, and by a graph."""
    return [_sample(session, paths, duration_ns) for duration_ns in DURATIONS_NS]


def _sample(session: Session, paths: dict[str, DeviceRung], duration_ns: int) -> Durations:
    from cuda.bindings import driver

    launches = min(MOST_LAUNCHES, max(LEAST_LAUNCHES, BLOCK_NS // max(duration_ns, 1)))
    one = Durations(duration_ns, launches, {}, {}, [])
    launch = session.launch("ffis_delay", (ONE, ONE), {"ns": np.uint64(duration_ns)})
    for name, rung in ((name, paths[name]) for name in PATHS if name in paths):
        call = rung.launch_call(launch, "")
        names = ("_launches", "_wait", *call.names)
        values = (session.stream.synchronize, *call.names.values())
        each = compile_function([f"for _ in range(_launches): {call.call}; _wait()"], names)
        row = compile_function([f"for _ in range(_launches): {call.call}", "_wait()"], names)
        one.each_ns[name] = _trials(lambda each=each, values=values: each(launches, *values))  # type: ignore[misc]
        one.row_ns[name] = _trials(lambda row=row, values=values: row(launches, *values))  # type: ignore[misc]
    prepared = launch.prepared(session.entry)
    stream = driver.CUstream(int(session.stream.ptr))
    graph = capture(driver, stream, lambda: session.launcher.launch_n(ctypes.addressof(prepared), launches))
    executable = driver_value(driver.cuGraphInstantiate(graph, 0))

    def replay() -> None:
        driver_value(driver.cuGraphLaunch(executable, stream))
        session.synchronize()

    one.graph_ns.extend(_trials(replay))
    return one


def _trials(run: Callable[[], object]) -> list[int]:
    run()
    spent = []
    for _ in range(TRIALS):
        start = perf_counter_ns()
        run()
        spent.append(perf_counter_ns() - start)
    return spent
