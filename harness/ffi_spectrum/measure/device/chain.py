"""A chain of small dense layers, from copy in to copy out, by every strategy."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from itertools import count
from time import perf_counter_ns
from typing import Any

import numpy as np

from ffi_spectrum.case import Strategy
from ffi_spectrum.device.errors import check, translated
from ffi_spectrum.device.graph import Graph, Recording
from ffi_spectrum.device.session import Session
from ffi_spectrum.measure.compiled import compile_function
from ffi_spectrum.measure.device.chain_arrays import DIMS, KERNELS, ChainArrays, extents_of, lengths_of, stream_wait
from ffi_spectrum.measure.device.layers import make_inputs, make_layers, outputs_after
from ffi_spectrum.measure.device.resident import sample_placed
from ffi_spectrum.results.device.chain import ChainSample, ChainTimes, LayerParts
from ffi_spectrum.rungs.cupy_raw import CupyRaw
from ffi_spectrum.rungs.device_rung import DeviceRung

LAYERS = (3, 30, 300, 1000)
SEED, INPUTS = 6, 4
# So many iterations, or fewer where their launches are more than LAUNCHES; replays of a graph are cheap.
MOST_TRIALS, LAUNCHES, REPLAYS = 10, 2000, 6
# Layers whose launches a held stream's queue has room for.
HELD_LAYERS, HELD_TRIALS = 100, 3
# What a user of CuPy writes; each inner line is a launch.
_BIAS_AND_RELU = ("bias_add(rows, row, (product, bias, total, m, n))", "relu(rows, row, (total, x, size))")
_LOOPS = {
    "three": (
        "for weights, bias in layers:",
        ("matmul(tiles, tile, (x, weights, product, m, k, n))", *_BIAS_AND_RELU),
    ),
    "fused": (
        "for source, weights, bias, target in layers:",
        ("dense_relu(tiles, tile, (source, weights, bias, target, m, k, n))",),
    ),
    "cuBLAS": ("for weights, bias in layers:", ("multiply(x, weights, out=product)", *_BIAS_AND_RELU)),
}
_IN_C, _IN_GRAPH = "_error = launch_list(launches, number, wait)", "(_error,) = launch_graph(graph, stream)"


@dataclass(frozen=True, slots=True)
class Way:
    """`statements` over `names` launch the layers; `copies` tells whether copies are to be made around them."""

    path: str
    kernels: str
    strategy: Strategy
    statements: Sequence[str]
    names: Mapping[str, Any]
    copies: bool = True
    close: Callable[[], object] = field(default=lambda: None)

    @property
    def launches(self) -> int:
        """Kernels in a layer."""
        return 1 if self.kernels.startswith("fused") else 3


def sample_chain(session: Session, paths: Mapping[str, DeviceRung]) -> ChainSample:
    """Chains, what a layer of them takes host and device apart, and single calls by where their arrays are."""
    times, parts = sample_times(session, paths), sample_parts(session, paths)
    return ChainSample(times, parts, sample_placed(session, paths))


def sample_times(session: Session, paths: Mapping[str, DeviceRung]) -> list[ChainTimes]:
    """For each number of layers by every way; CuPy's where "cupy_raw" is among `paths`, cuBLAS's where CuPy has it."""
    layers, inputs = make_layers(max(LAYERS), SEED), make_inputs(INPUTS, SEED)
    expected = outputs_after(layers, inputs, LAYERS)
    arrays, turns = ChainArrays(session, layers), count()
    alone = Way("", "none", "pipelined", (), {})
    found = [_time(arrays, alone, 0, zip(inputs, expected[0], strict=True), turns)]
    for number in LAYERS:
        pairs = list(zip(inputs, expected[number], strict=True))
        for way in ways(arrays, paths, number):
            found.append(_time(arrays, way, number, pairs, turns))
            way.close()
    return found


def sample_parts(session: Session, paths: Mapping[str, DeviceRung]) -> list[LayerParts]:
    """What a host and what a device does for each layer, apart; by the ways that launch one kernel after the other."""
    arrays = ChainArrays(session, make_layers(HELD_LAYERS, SEED))
    chosen = [*cupy_ways(arrays, paths, HELD_LAYERS), *c_ways(arrays, HELD_LAYERS)]
    return [_part(arrays, way) for way in chosen if way.strategy == "pipelined" and way.kernels in KERNELS]


def ways(arrays: ChainArrays, paths: Mapping[str, DeviceRung], number: int) -> Iterator[Way]:
    """Every way through so many layers; one that holds a graph lets go of it by its `close`."""
    yield from cupy_ways(arrays, paths, number)
    yield from c_ways(arrays, number)
    yield from graph_ways(arrays, number)


def cupy_ways(arrays: ChainArrays, paths: Mapping[str, DeviceRung], number: int) -> Iterator[Way]:
    rung = paths.get("cupy_raw")
    if not isinstance(rung, CupyRaw):
        return
    names: dict[str, Any] = {kernel: rung.kernel(f"ffis_{kernel}") for kernel in DIMS}
    (names["tiles"], names["tile"]), (names["rows"], names["row"]) = extents_of("dense_relu"), extents_of("relu")
    names |= lengths_of("dense_relu") | lengths_of("relu")
    names |= {"product": arrays.product, "total": arrays.total, "multiply": arrays.session.cupy.matmul}
    for kernels in (*KERNELS, *(("cuBLAS",) if has_cublas() else ())):
        loop, launches = _LOOPS[kernels]
        own = {**names, "layers": arrays.arguments(kernels, number)}
        each = [f"    {launch}; synchronize()" for launch in launches]
        yield Way(rung.info.name, kernels, "per_call", [loop, *each], own)
        yield Way(rung.info.name, kernels, "pipelined", [loop, *(f"    {launch}" for launch in launches)], own)


def c_ways(arrays: ChainArrays, number: int) -> Iterator[Way]:
    for kernels in KERNELS:
        address, launches = arrays.prepared(kernels, number)
        names = {"launch_list": arrays.session.launcher.launch_list, "launches": address, "number": launches}
        yield Way("c", kernels, "per_call", (_IN_C,), {**names, "wait": stream_wait()})
        yield Way("c", kernels, "pipelined", (_IN_C,), {**names, "wait": None})


def graph_ways(arrays: ChainArrays, number: int) -> Iterator[Way]:
    """Graphs of the launches, and one with the copies in it, too."""
    for kernels in KERNELS:
        yield _graph_way(arrays, kernels, partial(arrays.enqueue, kernels, number), copies=True)
    yield _graph_way(arrays, "fused, copies", partial(arrays.enqueue_copies, "fused", number), copies=False)


def _graph_way(arrays: ChainArrays, kernels: str, enqueue: Callable[[], object], copies: bool) -> Way:
    from cuda.bindings import driver

    enqueue()  # loads what is loaded once: a recording must not
    arrays.session.synchronize()
    with Recording(arrays.session) as recording:
        enqueue()
    graph, stream = Graph(recording), driver.CUstream(int(arrays.session.stream.ptr))
    names = {"launch_graph": driver.cuGraphLaunch, "graph": graph.executable, "stream": stream}
    return Way("graph", kernels, "replayed", (_IN_GRAPH,), names, copies, graph.close)


def has_cublas() -> bool:
    """Whether CuPy finds cuBLAS here; it loads it at the first import."""
    try:
        import_module("cupy_backends.cuda.libs.cublas")
    except ImportError:
        return False
    return True


def compile_way(arrays: ChainArrays, way: Way, number: int) -> Callable[[], tuple[int, int]]:
    """A function of one iteration: elapsed nanoseconds, and the driver's error where the statements set one."""
    into, out = ("x.set(sent)", "result.get(out=received, blocking=False)") if way.copies else ("pass", "pass")
    body = [
        "_error = 0", "_start = _clock()", into, *way.statements, out, "synchronize()", "_elapsed = _clock() - _start",
        "return _elapsed, int(_error)",
    ]  # fmt: skip
    names = {
        "_clock": perf_counter_ns, "x": arrays.x, "sent": arrays.sent, "received": arrays.received,
        "result": arrays.result(way.kernels, number), "synchronize": arrays.session.stream.synchronize, **way.names,
    }  # fmt: skip
    return partial(compile_function(body, tuple(names)), *names.values())


def _time(arrays: ChainArrays, way: Way, number: int, pairs: Any, turns: Iterator[int]) -> ChainTimes:
    """Iterations, each on other inputs than the one before, whichever way that went."""
    known, run, launches = list(pairs), compile_way(arrays, way, number), way.launches * number
    trials = REPLAYS if way.strategy == "replayed" else max(1, min(MOST_TRIALS, LAUNCHES // max(launches, 1)))
    warm = 1 if trials > 2 else 0
    elapsed, wrong = [], 0
    for _ in range(warm + trials):
        arrays.sent[:], expected = known[next(turns) % len(known)]
        arrays.received.fill(np.nan)
        with translated("running a chain"):
            elapsed_ns, error = run()
        check(error, "running a chain")
        elapsed.append(elapsed_ns)
        wrong += not np.array_equal(arrays.received, expected)
    return ChainTimes(number, way.path, way.kernels, way.strategy, elapsed[warm:], wrong)


def _part(arrays: ChainArrays, way: Way) -> LayerParts:
    body = [
        "_error = 0", "_start = _clock()", *way.statements, "_issued = _clock()", "release()", "_done = _clock()",
        "return _issued - _start, _done - _issued, int(_error)",
    ]  # fmt: skip
    session = arrays.session
    names = {"_clock": perf_counter_ns, "release": session.release, "x": arrays.x, **way.names}
    run = partial(compile_function(body, tuple(names)), *names.values())
    part = LayerParts(HELD_LAYERS, way.path, way.kernels, [], [])
    compile_way(arrays, way, HELD_LAYERS)()  # a kernel that is loaded behind a held stream would wait for ever
    for trial in range(HELD_TRIALS + 1):
        session.hold()
        held_ns, drained_ns, error = run()
        check(error, "launching a chain on a held stream")
        if trial:  # the first finds cold caches
            part.held_ns.append(held_ns)
            part.drained_ns.append(drained_ns)
    return part
