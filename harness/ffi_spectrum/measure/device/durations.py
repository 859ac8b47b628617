"""Kernels of known length, launched and waited for one by one, launched in a row, and replayed from graphs."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np

from ffi_spectrum.device.errors import check
from ffi_spectrum.device.geometry import ONE
from ffi_spectrum.device.graph import Graph, Recording, record, value_of
from ffi_spectrum.device.launch import Launch
from ffi_spectrum.device.probe import architecture
from ffi_spectrum.device.session import Session
from ffi_spectrum.measure.compiled import compile_loop
from ffi_spectrum.measure.device.spans import Spans, overlaps
from ffi_spectrum.results.device.durations import Durations
from ffi_spectrum.rungs.launch_rung import LaunchRung

DURATIONS_NS = (0, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000, 200_000, 1_000_000, 10_000_000)
# So many launches, or fewer: those that take about BLOCK_NS.
MOST_LAUNCHES, LEAST_LAUNCHES, BLOCK_NS = 200, 2, 5_000_000
TRIALS, LONG_NS = 3, 5_000_000  # of a kernel as long as LONG_NS once
WARM_LAUNCHES, OWN_LAUNCHES = 8, 5
# The path that most write, the quickest package made for launching, and the least that there is.
PATHS = ("cupy_raw", "cuda_core", "cuda_loop")
# Where a kernel of a dependent graph lets the next one be scheduled: before its own wait, or behind it.
ORDERS = {"early": 1, "late": 0}
CHECKED_LAUNCHES = 32


def sample_durations(session: Session, paths: dict[str, LaunchRung]) -> list[Durations]:
    """For every length, by those of `paths` that are in PATHS, and by graphs."""
    chosen = {name: paths[name] for name in PATHS if name in paths}
    return [_sample(session, chosen, duration_ns) for duration_ns in DURATIONS_NS]


def _sample(session: Session, paths: dict[str, LaunchRung], duration_ns: int) -> Durations:
    launches = min(MOST_LAUNCHES, max(LEAST_LAUNCHES, BLOCK_NS // max(duration_ns, 1)))
    trials = 1 if duration_ns >= LONG_NS else TRIALS
    each_ns: dict[str, list[int]] = {}
    row_ns: dict[str, list[int]] = {}
    launch = session.launch("ffis_delay", (ONE, ONE), {"duration_ns": np.uint64(duration_ns)})
    for name, rung in paths.items():
        call = rung.launch_call(launch, "")
        names = {**call.names, "_wait": session.stream.synchronize}
        each = compile_loop(call.call, names, (), ("_wait()",))
        row = compile_loop(call.call, names, (), (), finish=("_wait()",))
        row(min(WARM_LAUNCHES, launches))
        each_ns[name], row_ns[name] = [], []
        for _ in range(trials):
            each_ns[name].append(each(launches))
            row_ns[name].append(row(launches))
    graph_ns = _replay(session, record(session, [launch] * launches), trials)
    dependent_ns, overlapping = _dependent(session, duration_ns, launches, trials)
    own_ns = _own(session, duration_ns, OWN_LAUNCHES if duration_ns < LONG_NS else 1)
    return Durations(duration_ns, launches, each_ns, row_ns, graph_ns, dependent_ns, own_ns, overlapping)


def _replay(session: Session, graph: Graph, trials: int) -> list[int]:
    """One launch of the graph and the wait for it, after one that is not timed; the graph is closed then."""
    from cuda.bindings import driver

    graph.launch()
    session.synchronize()
    names = {
        "cuGraphLaunch": driver.cuGraphLaunch, "executable": graph.executable,
        "stream": driver.CUstream(int(session.stream.ptr)), "_wait": session.stream.synchronize,
    }  # fmt: skip
    replay = compile_loop("cuGraphLaunch(executable, stream)", names, (), (), finish=("_wait()",))
    found = [replay(1) for _ in range(trials)]
    graph.close()
    return found


def _dependent(session: Session, duration_ns: int, launches: int, trials: int) -> tuple[dict[str, list[int]], int]:
    """Replays of dependent graphs by order, and how many of their kernels overlapped; none where none can be made."""
    if not has_dependent_launch(architecture()):
        return {}, 0
    found, overlapping, checked = {}, 0, min(CHECKED_LAUNCHES, launches)
    spans = Spans(session, CHECKED_LAUNCHES)
    for order, early in ORDERS.items():
        objects = {"duration_ns": np.uint64(duration_ns), "early": np.uint32(early)}
        launch = session.launch("ffis_delay_dependent", (ONE, ONE), objects)
        spanned = session.launch("ffis_span_dependent", (ONE, ONE), {**objects, "words": spans.words})
        for one in (launch, spanned):  # what is loaded once must not be loaded while a graph is recorded
            _launch(session, one)
        spans.clear()
        found[order] = _replay(session, record_dependent(session, launch, launches), trials)
        _replay(session, record_dependent(session, spanned, checked), 0)
        overlapping += overlaps(spans.take(), checked)
    return found, overlapping


def has_dependent_launch(target: str) -> bool:
    """From compute capability 9.0 on (CUDA Programming Guide, Programmatic Dependent Launch)."""
    return int("".join(character for character in target if character.isdigit())) >= 90


def record_dependent(session: Session, launch: Launch, launches: int) -> Graph:
    """A graph of launches of which each but the first is a programmatic dependent of the one before it."""
    from cuda.bindings import driver

    config = _dependent_config(driver, launch)
    function, parameters = driver.CUfunction(launch.function), launch.parameters
    with Recording(session) as recording:
        recording.add(launch)
        for _ in range(launches - 1):
            value_of(driver.cuLaunchKernelEx(config, function, parameters, 0), "recording a dependent launch")
    return Graph(recording)


def _dependent_config(driver: Any, launch: Launch) -> Any:
    attribute, config = driver.CUlaunchAttribute(), driver.CUlaunchConfig()
    attribute.id = driver.CUlaunchAttributeID.CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION
    attribute.value.programmaticStreamSerializationAllowed = 1
    config.gridDimX, config.gridDimY, config.gridDimZ = launch.grid
    config.blockDimX, config.blockDimY, config.blockDimZ = launch.block
    config.sharedMemBytes, config.hStream = 0, driver.CUstream(launch.stream)
    config.attrs, config.numAttrs = [attribute], 1
    return config


def _own(session: Session, duration_ns: int, times: int) -> list[int]:
    """How long the kernel runs by the device's own clock, launched by itself."""
    word = session.to_device(np.zeros(1, np.uint64))
    objects = {"duration_ns": np.uint64(duration_ns), "own_ns": word}
    launch, found = session.launch("ffis_delay_own", (ONE, ONE), objects), []
    for _ in range(times):
        _launch(session, launch)
        found.append(int(session.to_host(word)[0]))
    return found


def _launch(session: Session, launch: Launch) -> None:
    prepared = launch.prepared(session.entry)
    check(session.launcher.launch_n(ctypes.addressof(prepared), 1), "launching a kernel of known length")
