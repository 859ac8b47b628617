"""Launching a graph on the host: from Python and from C, the stream held back."""

from __future__ import annotations

import ctypes

from ffi_spectrum.device.graph import Graph, record
from ffi_spectrum.device.probe import LIBRARY
from ffi_spectrum.device.session import Session
from ffi_spectrum.measure.compiled import Block, compile_crossing, compile_loop
from ffi_spectrum.measure.device.graphs import SIZE, Chain
from ffi_spectrum.results.device.graphs import GraphLaunches

NODES = (1, 4, 16, 64, 256, 512, 1024, 1536, 2048, 4096)
HOLDS = 4
# Of each path behind a held stream: all of them wait there at once, and run afterwards.
LAUNCHES, NODES_WAITING = 8, 4096
# The path that is one crossing for all launches.
IN_C = "c"


def sample_graph_launches(session: Session) -> list[GraphLaunches]:
    """One row per number of nodes; what the launches made is compared with the oracle once they have run."""
    return [_sample(session, nodes) for nodes in NODES]


def _sample(session: Session, nodes: int) -> GraphLaunches:
    chain, launches, wrong = Chain(session, nodes, 1.0, SIZE), min(LAUNCHES, NODES_WAITING // nodes), 0
    chain.enqueue()
    session.synchronize()
    graph = record(session, [chain.launch] * nodes)
    blocks = _blocks(session, graph)
    found: dict[str, list[int]] = {name: [] for name in blocks}
    names = list(blocks)
    for block in blocks.values():  # what is loaded once must not be loaded behind a held stream
        block(1)
    session.synchronize()
    for turn in range(HOLDS):
        expected, first = chain.renew(1 + len(blocks) * launches), turn % len(names)
        session.hold()
        graph.launch()  # finds cold caches
        for name in names[first:] + names[:first]:
            found[name].append(blocks[name](launches))
        session.release()
        wrong += chain.is_wrong(expected)
    entry_ns = [blocks[IN_C](0) for _ in range(HOLDS)]
    graph.close()
    return GraphLaunches(nodes, launches, found, entry_ns, wrong)


def _blocks(session: Session, graph: Graph) -> dict[str, Block]:
    """So many launches by each path, as blocks that time themselves."""
    from cuda.bindings import driver

    runtime, library = session.cupy.cuda.runtime, ctypes.CDLL(LIBRARY)
    raw = {"executable": int(graph.executable), "stream": int(session.stream.ptr)}
    in_c = {
        "launch_graph_n": session.launcher.launch_graph_n, "times": 1,
        "entry": ctypes.cast(library.cuGraphLaunch, ctypes.c_void_p).value,
    }  # fmt: skip
    made = {
        "cuGraphLaunch": driver.cuGraphLaunch, "executable": graph.executable, "stream": driver.CUstream(raw["stream"]),
    }  # fmt: skip
    return {
        "cuda_bindings": compile_loop("cuGraphLaunch(executable, stream)", made, (), ()),
        "cupy": compile_loop("graphLaunch(executable, stream)", {"graphLaunch": runtime.graphLaunch, **raw}, (), ()),
        IN_C: compile_crossing("launch_graph_n(entry, executable, stream, times)", {**in_c, **raw}),
    }
