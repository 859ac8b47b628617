"""Graphs: what recording and replaying cost, and what launching one costs on the host, per launch and per node."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from statistics import correlation, linear_regression, median

from ffi_spectrum.results.device.graphs import GraphLaunches
from ffi_spectrum.results.device.sample import DeviceSample

# Between these numbers of nodes a straight line is fitted.
FIRST_NODES, LAST_NODES = 16, 2048
IN_C, IN_PYTHON = "c", "cuda_bindings"


@dataclass(frozen=True, slots=True)
class GraphRow:
    """Of a graph of `nodes` launches; times in nanoseconds for all nodes.

    `held_ns` is one launch of it on the host with the stream held back, from Python. `pays_after` is how many replays
    save, against the loop, what capture and instantiation cost; None where a replay saves nothing.
    """

    nodes: int
    capture_ns: float
    instantiate_ns: float
    held_ns: float
    replay_ns: float
    loop_ns: float
    update_ns: float
    recapture_ns: float
    wrong: int
    pays_after: float | None


@dataclass(frozen=True, slots=True)
class GraphLaunchRow:
    """One launch of a graph of `nodes` on the host, the stream held back, in nanoseconds by path."""

    nodes: int
    launch_ns: Mapping[str, float]
    wrong: int

    def to_c(self, path: str) -> float | None:
        """This path's launch over C's; None where one of the two is missing."""
        ours, in_c = self.launch_ns.get(path), self.launch_ns.get(IN_C)
        return None if ours is None or not in_c else ours / in_c


@dataclass(frozen=True, slots=True)
class Line:
    """fixed_ns + per_node_ns * nodes, by least squares; `r2` is the share of the variance that it explains."""

    fixed_ns: float
    per_node_ns: float
    r2: float


@dataclass(frozen=True, slots=True)
class GraphCosts:
    """`launches` by number of nodes; `lines` through them by path, and `replay` through launch and wait."""

    launches: tuple[GraphLaunchRow, ...] = ()
    lines: Mapping[str, Line] = field(default_factory=dict)
    replay: Line | None = None

    def to_c(self, path: str) -> float | None:
        """The median over all numbers of nodes of this path's launch over C's."""
        found = [ratio for ratio in (row.to_c(path) for row in self.launches) if ratio is not None]
        return median(found) if found else None


def graph_rows(samples: Sequence[DeviceSample]) -> Iterator[GraphRow]:
    """One for each number of nodes, medians over all trials of all processes."""
    launches = {row.nodes: row for row in launch_rows(samples)}
    every = [one for sample in samples for one in sample.graphs]
    for nodes in dict.fromkeys(one.nodes for one in every):
        found = [one for one in every if one.nodes == nodes]
        middle = partial(middle_of, found)
        once = middle("capture_ns") + middle("instantiate_ns")
        held = launches[nodes].launch_ns[IN_PYTHON] if nodes in launches else middle("held_ns")
        yield GraphRow(
            nodes, middle("capture_ns"), middle("instantiate_ns"), held, middle("replay_ns"), middle("loop_ns"),
            middle("update_ns"), middle("recapture_ns"), sum(one.wrong for one in found),
            replays_to_pay(once, middle("replay_ns"), middle("loop_ns")),
        )  # fmt: skip


def replays_to_pay(once_ns: float, replay_ns: float, loop_ns: float) -> float | None:
    """How many replays save what is paid once; None where a replay is no faster than the loop."""
    return once_ns / (loop_ns - replay_ns) if loop_ns > replay_ns else None


def graph_costs(samples: Sequence[DeviceSample]) -> GraphCosts:
    """What launching a graph costs, and how that and a replay grow with its nodes; empty without samples."""
    rows = tuple(launch_rows(samples))
    paths = rows[0].launch_ns if rows else ()
    lines = {path: line_through({row.nodes: row.launch_ns[path] for row in rows}) for path in paths}
    replay = line_through({row.nodes: row.replay_ns for row in graph_rows(samples)})
    return GraphCosts(rows, {path: line for path, line in lines.items() if line is not None}, replay)


def launch_rows(samples: Sequence[DeviceSample]) -> Iterator[GraphLaunchRow]:
    """One for each number of nodes; C's crossing is taken off its blocks."""
    every = [one for sample in samples for one in sample.graph_launches]
    for nodes in dict.fromkeys(one.nodes for one in every):
        found = [one for one in every if one.nodes == nodes]
        paths = dict.fromkeys(path for one in found for path in one.blocks_ns)
        medians = {path: median(chain.from_iterable(_per_launch(one, path) for one in found)) for path in paths}
        yield GraphLaunchRow(nodes, medians, sum(one.wrong for one in found))


def _per_launch(one: GraphLaunches, path: str) -> Iterator[float]:
    entry_ns = median(one.entry_ns) if path == IN_C else 0.0
    return ((ns - entry_ns) / one.launches for ns in one.blocks_ns.get(path, ()))


def line_through(points: Mapping[int, float]) -> Line | None:
    """Through the points with FIRST_NODES to LAST_NODES nodes; None where these are fewer than three."""
    inside = {nodes: ns for nodes, ns in points.items() if FIRST_NODES <= nodes <= LAST_NODES}
    if len(inside) < 3:
        return None
    nodes, ns = list(inside), list(inside.values())
    if len(set(ns)) == 1:  # a correlation with what never changes does not exist
        return Line(ns[0], 0.0, 1.0)
    fit = linear_regression(nodes, ns)
    return Line(fit.intercept, fit.slope, correlation(nodes, ns) ** 2)


def middle_of(found: Sequence[object], name: str) -> float:
    """The median of all numbers in the lists of this name."""
    return float(median(ns for one in found for ns in getattr(one, name)))
