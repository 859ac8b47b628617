"""Graphs: what recording, changing and replaying them costs, and what launching one costs on the host."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ffi_spectrum.analysis.device.graphs import (
    FIRST_NODES,
    IN_C,
    IN_PYTHON,
    LAST_NODES,
    GraphCosts,
    GraphLaunchRow,
    GraphRow,
)
from ffi_spectrum.report.numbers import NOTHING, ratio, scale_of
from ffi_spectrum.report.remote import Sheet

GRAPHS = (
    "nodes", "capture", "instantiate", "launch", "replay", "a node", "C loop", "pays after", "new scalar",
    "new shape", "wrong",
)  # fmt: skip
LAUNCHES = ("nodes", IN_PYTHON, "cupy", "C", f"{IN_PYTHON} to C", "cupy to C", "wrong")
LINES = ("path", "fixed", "per node", "R2", "to C")
LEGEND = (
    "launch: one launch of the graph on the host, the stream held back, from Python. replay: a launch and the wait for "
    "it, on new data, each compared with the oracle. C loop: the same launches by the C loop, with one wait. pays "
    "after: replays that save what capture and instantiation cost. new scalar: captured again, and taken over by the "
    "executable graph. new shape: captured and instantiated again.",
    "launching a graph on the host: the stream is held back, so that nothing of it runs; C: by one crossing for "
    f"several launches, less the crossing. fixed, per node: least squares over {FIRST_NODES:,} to {LAST_NODES:,} "
    "nodes, through the medians; in the row of the replay, launch and wait: per node is the device's.",
)


def graph_sheets(rows: Sequence[GraphRow], costs: GraphCosts) -> Iterator[Sheet]:
    """Up to three tables."""
    if rows:
        yield Sheet("Graphs of dependent launches", GRAPHS, tuple(map(_graph, rows)), 0)
    if costs.launches:
        yield Sheet("Launching a graph on the host", LAUNCHES, tuple(map(_launch, costs.launches)), 0)
    lines = [(path, line, costs.to_c(path)) for path, line in costs.lines.items()]
    if costs.replay is not None:
        lines.append(("replay", costs.replay, None))
    if lines:
        cells = tuple(
            (path, _time(line.fixed_ns), _time(line.per_node_ns), f"{line.r2:.4f}", ratio(to_c))
            for path, line, to_c in lines
        )
        yield Sheet("A graph's fixed cost, and its cost per node", LINES, cells, 1)


def _graph(row: GraphRow) -> tuple[str, ...]:
    times = (row.capture_ns, row.instantiate_ns, row.held_ns, row.replay_ns, row.replay_ns / row.nodes, row.loop_ns)
    pays = NOTHING if row.pays_after is None else f"{row.pays_after:,.1f}"
    return (
        f"{row.nodes:,}", *map(_time, times), pays, _time(row.update_ns), _time(row.recapture_ns), str(row.wrong),
    )  # fmt: skip


def _launch(row: GraphLaunchRow) -> tuple[str, ...]:
    times = (row.launch_ns.get(path) for path in (IN_PYTHON, "cupy", IN_C))
    ratios = (row.to_c(path) for path in (IN_PYTHON, "cupy"))
    return (f"{row.nodes:,}", *map(_time, times), *map(ratio, ratios), str(row.wrong))


def _time(ns: float | None) -> str:
    return NOTHING if ns is None else scale_of(ns).time(ns)
