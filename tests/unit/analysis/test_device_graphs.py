"""Costs of graphs: known lines and ratios come back, and old files still say what they said."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ffi_spectrum.analysis.device.graphs import IN_C, IN_PYTHON, graph_costs, graph_rows, launch_rows, line_through
from ffi_spectrum.results.device.graphs import GraphLaunches, GraphTimes
from ffi_spectrum.results.device.sample import DeviceSample

NODES = (1, 16, 64, 256, 512, 1024, 2048, 4096)
ENTRY_NS = 400


def launches(nodes: int, python_ns: int, c_ns: int, times: int = 4) -> GraphLaunches:
    blocks = {IN_PYTHON: [python_ns * times] * 3, IN_C: [c_ns * times + ENTRY_NS] * 3}
    return GraphLaunches(nodes, times, blocks, [ENTRY_NS, ENTRY_NS - 10, ENTRY_NS + 10], 0)


def times(nodes: int, replay_ns: int, held_ns: list[int]) -> GraphTimes:
    return GraphTimes(nodes, [10], [20], held_ns, [replay_ns], [replay_ns + 10], [5], [6], 0)


def sample(graphs: list[GraphTimes], graph_launches: list[GraphLaunches]) -> DeviceSample:
    return DeviceSample(0, 0, graphs=graphs, graph_launches=graph_launches)


def test_the_crossing_is_no_part_of_what_c_needs() -> None:
    (row,) = launch_rows([sample([], [launches(64, 1600, 1400)])])
    assert row.launch_ns == {IN_PYTHON: 1600, IN_C: 1400}
    assert row.to_c(IN_PYTHON) == pytest.approx(1600 / 1400)
    assert row.to_c("cupy") is None


@given(st.integers(0, 5000), st.integers(1, 9))
def test_a_line_comes_back_and_graphs_outside_of_it_say_nothing(fixed: int, slope: int) -> None:
    points = {nodes: float(fixed + slope * nodes) for nodes in NODES}
    line = line_through({**points, 1: 1e6, 4096: 0.0})
    assert line is not None
    assert line.fixed_ns == pytest.approx(fixed, abs=1e-6)
    assert line.per_node_ns == pytest.approx(slope)
    assert line.r2 == pytest.approx(1)


def test_scatter_lowers_the_share_that_a_line_explains() -> None:
    points = {16: 100.0, 64: 400.0, 256: 100.0, 1024: 400.0}
    line = line_through(points)
    assert line is not None
    assert line.r2 < 0.5


def test_two_points_are_no_line_and_a_level_one_has_no_slope() -> None:
    assert line_through({16: 1.0, 2048: 2.0}) is None
    level = line_through(dict.fromkeys((16, 64, 256), 7.0))
    assert level is not None
    assert (level.fixed_ns, level.per_node_ns) == (7.0, 0.0)


def test_costs_of_every_path_and_of_the_replay() -> None:
    graphs = [times(nodes, 9000 + 950 * nodes, []) for nodes in NODES]
    found = graph_costs([sample(graphs, [launches(n, 3000 + 2 * n, 2000 + n) for n in NODES])] * 3)
    assert [row.nodes for row in found.launches] == list(NODES)
    assert found.lines[IN_PYTHON].per_node_ns == pytest.approx(2)
    assert found.lines[IN_C].fixed_ns == pytest.approx(2000)
    assert found.replay is not None
    assert found.replay.per_node_ns == pytest.approx(950)
    ratios = sorted((3000 + 2 * n) / (2000 + n) for n in NODES)
    assert found.to_c(IN_PYTHON) == pytest.approx((ratios[3] + ratios[4]) / 2)


def test_the_host_s_launch_is_found_in_files_old_and_new() -> None:
    (old,) = graph_rows([sample([times(64, 100, [4000, 3000, 3500])], [])])
    (new,) = graph_rows([sample([times(64, 100, [])], [launches(64, 1600, 1400)])])
    assert (old.held_ns, new.held_ns) == (3500, 1600)
    assert new.pays_after == pytest.approx(3)


def test_without_samples_there_is_nothing() -> None:
    found = graph_costs([])
    assert (found.launches, found.lines, found.replay, found.to_c(IN_PYTHON)) == ((), {}, None, None)
