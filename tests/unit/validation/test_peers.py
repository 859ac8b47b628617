"""Peers: what their recorded outputs say, how runs are interleaved, and what a table makes of them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean

import pytest

from ffi_spectrum.errors import MeasurementError, UsageError
from ffi_spectrum.measure.snippet import call
from ffi_spectrum.validation.peer_pyperf import (
    Pyperf,
    is_called_different,
    read_values,
    scaled_options,
    seconds_to_1ns,
)
from ffi_spectrum.validation.peer_pytest_benchmark import PytestBenchmark, read_statistics, written_tests
from ffi_spectrum.validation.peer_reading import Reading
from ffi_spectrum.validation.peers import PeerTable, compare_peers, interleave, tabulate
from ffi_spectrum.validation.subjects import Subjects

RECORDED = Path(__file__).parent / "recorded"
CTYPES = call("noop()", setup="import ctypes; noop = ctypes.CDLL(None).getpid")
PYTHON = call("noop()", setup="def noop(): pass")
# What `pyperf stats` printed of the recorded files, and pytest-benchmark's own table (mean, median): ns per call.
PYPERF_CTYPES_MEAN_NS, PYPERF_PYTHON_MEAN_NS = 56.0, 17.5
PYTEST_CTYPES_NS, PYTEST_PYTHON_NS = (77.24, 76.23), (46.41, 46.05)
SUBJECTS = Subjects(CTYPES, CTYPES, PYTHON, PYTHON, Path("delay.so"))


@dataclass
class RecordedTools:
    """Answers as the real tools did when the outputs were recorded, and keeps what was asked."""

    asked: list[list[str]] = field(default_factory=list)
    tests: str = ""

    def __call__(self, tool: str, arguments: Sequence[str], directory: Path, deadline_s: float) -> str:
        self.asked.append(list(arguments))
        if tool == "pytest-benchmark":
            self.tests = (directory / "test_pair.py").read_text()
            shutil.copy(RECORDED / "pytest_benchmark.json", directory / "out.json")
        elif "timeit" in arguments:
            name = "pyperf_ctypes.json" if "ctypes" in arguments[arguments.index("-s") + 1] else "pyperf_python.json"
            shutil.copy(RECORDED / name, directory / arguments[arguments.index("-o") + 1])
        else:
            assert (directory / "right.json").exists()
            assert (directory / "twin.json").exists()
            return "Benchmark hidden because not significant (1): timeit"
        return ""


@dataclass
class FakeTool:
    """Gives its readings one after the other and notes its name in a list that tools share."""

    name: str
    readings: list[Reading]
    visits: list[str]
    is_peer: bool = True
    settings: str = "fake"
    to_1ns_by: str = "measured"

    def read(self, subjects: Subjects, seed: int) -> Reading:
        self.visits.append(self.name)
        return self.readings.pop(0)


def readings(*medians: float, called: int = 0, judged: int = 0) -> list[Reading]:
    return [Reading(ns + 100, ns, 2.0, called, judged, 3.0 if judged else None) for ns in medians]


def table_of(peer: Sequence[float], other: Sequence[float], own: Sequence[float]) -> PeerTable:
    tools = [FakeTool("peer", [], []), FakeTool("at defaults", [], [], is_peer=False), FakeTool("own", [], [], False)]
    return tabulate(tools, [readings(*peer, called=1, judged=2), readings(*other), readings(*own)], 5)


def test_pyperf_values_are_all_values_of_all_workers_in_ns() -> None:
    values = read_values(RECORDED / "pyperf_python.json")
    raw = json.loads((RECORDED / "pyperf_python.json").read_text())["benchmarks"][0]["runs"]
    assert "values" not in raw[0], "the calibrating process has warm-ups only"
    assert len(values) == 4
    assert fmean(values) == pytest.approx(PYPERF_PYTHON_MEAN_NS, abs=0.05)


def test_pyperf_reading_is_left_minus_right_and_times_the_pair() -> None:
    tools = RecordedTools()
    found = Pyperf(3.0, tools).read(SUBJECTS, 1)
    assert found.mean_ns == pytest.approx(PYPERF_CTYPES_MEAN_NS - PYPERF_PYTHON_MEAN_NS, abs=0.1)
    assert (found.aa_called, found.aa_judged) == (0, 1)
    assert found.wall_s < 10
    assert sorted(a[a.index("-o") + 1] for a in tools.asked if "timeit" in a) == [
        "left.json",
        "right.json",
        "twin.json",
    ]
    assert tools.asked[-1] == ["-m", "pyperf", "compare_to", "right.json", "twin.json"], "after all runs"


def test_pyperf_order_depends_on_the_seed() -> None:
    orders = set()
    for seed in range(12):
        tools = RecordedTools()
        Pyperf(3.0, tools).read(SUBJECTS, seed)
        orders.add(tuple(a[a.index("-o") + 1] for a in tools.asked if "-o" in a))
    assert len(orders) > 2


@pytest.mark.parametrize(("seconds", "options"), [(0.1, ["-p2", "-n1"]), (3.0, ["-p3", "-n1"]), (10.0, ["-p7", "-n3"])])
def test_pyperf_is_scaled_and_never_below_two_processes(seconds: float, options: list[str]) -> None:
    assert scaled_options(seconds) == options
    assert Pyperf(seconds).settings == " ".join(options)


def test_tools_at_their_defaults_get_no_options_and_are_no_peers_at_equal_time() -> None:
    tools = RecordedTools()
    Pyperf(None, tools).read(SUBJECTS, 1)
    PytestBenchmark(None, tools).read(SUBJECTS, 1)
    words = [word for arguments in tools.asked for word in arguments]
    assert not [word for word in words if word.startswith(("-p2", "-n", "--benchmark-max-time"))]
    assert not Pyperf(None).is_peer
    assert not PytestBenchmark(None).is_peer
    assert Pyperf(None).settings == PytestBenchmark(None).settings == "defaults"


@pytest.mark.parametrize(("name", "is_different"), [("significant", True), ("not_significant", False)])
def test_pyperf_verdict_is_read_from_its_sentence(name: str, is_different: bool) -> None:
    assert is_called_different((RECORDED / f"compare_to_{name}.txt").read_text()) is is_different


@pytest.mark.parametrize(
    "said", ["", "something new", "Mean +- std dev: 1\nERROR when testing if values are significant"]
)
def test_pyperf_without_a_verdict_is_an_error(said: str) -> None:
    with pytest.raises(MeasurementError, match="compare_to"):
        is_called_different(said)


def test_seconds_to_1ns_grow_with_the_variance() -> None:
    # variances 1 and 1 of two values each: standard error 1, width 2 * 1.96 ns
    side = [10 - 0.5**0.5, 10 + 0.5**0.5]
    assert seconds_to_1ns(side, side, 5.0) == pytest.approx(5 * 3.92**2)
    assert seconds_to_1ns([1.0], side, 5.0) is None


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"benchmarks": []}', '{"benchmarks": [{"runs": [{}]}]}'])
def test_a_file_of_another_shape_is_an_error(content: str, tmp_path: Path) -> None:
    path = tmp_path / "out.json"
    path.write_text(content)
    with pytest.raises(MeasurementError, match=r"install pyperf>=2\.6"):
        read_values(path)
    with pytest.raises(MeasurementError, match="install pytest-benchmark>=4"):
        read_statistics(path)


def test_pytest_benchmark_statistics_are_by_name_whatever_their_order() -> None:
    left, right = read_statistics(RECORDED / "pytest_benchmark.json")
    rows = json.loads((RECORDED / "pytest_benchmark.json").read_text())["benchmarks"]
    assert [row["name"] for row in rows] == ["test_1", "test_0"]
    assert left == pytest.approx(PYTEST_CTYPES_NS, abs=0.05)
    assert right == pytest.approx(PYTEST_PYTHON_NS, abs=0.05)


def test_pytest_benchmark_reading_has_no_verdict() -> None:
    tools = RecordedTools()
    found = PytestBenchmark(3.0, tools).read(SUBJECTS, 1)
    assert found.mean_ns == pytest.approx(PYTEST_CTYPES_NS[0] - PYTEST_PYTHON_NS[0], abs=0.1)
    assert found.median_ns == pytest.approx(PYTEST_CTYPES_NS[1] - PYTEST_PYTHON_NS[1], abs=0.1)
    assert (found.aa_judged, found.to_1ns_s) == (0, None)
    assert "--benchmark-max-time=0.96" in tools.asked[0]
    assert tools.tests.count("    noop()\n    benchmark(noop)\n") == 2, "called once before the tool calibrates"


def test_written_tests_keep_their_order_and_hand_the_function_over() -> None:
    text = written_tests([call("f('7', base=b)", setup="f = int\nb = 8"), PYTHON], [1, 0])
    handed: list[tuple[object, ...]] = []
    names: dict[str, object] = {}
    exec(compile(text, "test_pair.py", "exec"), names)
    tests = [name for name in names if name.startswith("test_")]
    assert tests == ["test_1", "test_0"]
    names["test_0"](lambda *arguments, **options: handed.append((*arguments, options)))  # type: ignore[operator]
    assert handed == [(int, "7", {"base": 8})]


def test_an_expression_that_is_no_call_cannot_be_handed_over() -> None:
    with pytest.raises(UsageError, match="call of a function"):
        written_tests([call("1 + 1")], [0])


def test_interleaving_visits_every_tool_in_every_run_in_changing_orders() -> None:
    visits: list[str] = []
    tools = [FakeTool(name, readings(*range(10)), visits) for name in "abc"]
    told: list[str] = []
    found = interleave(tools, SUBJECTS, 10, 3, told.append)
    rounds = [tuple(visits[i : i + 3]) for i in range(0, 30, 3)]
    assert all(sorted(order) == ["a", "b", "c"] for order in rounds)
    assert len(set(rounds)) > 2
    assert [[r.median_ns for r in tool] for tool in found] == [list(range(10))] * 3
    assert told[0] == f"run 1 of 10: {visits[0]} (fake)"
    assert len(told) == 30


def test_interleaving_repeats_with_its_seed() -> None:
    def order(seed: int) -> list[str]:
        visits: list[str] = []
        tools = [FakeTool(name, readings(*range(6)), visits) for name in "abc"]
        interleave(tools, SUBJECTS, 6, seed, lambda line: None)
        return visits

    assert order(1) == order(1) != order(2)


def test_a_row_has_ranges_middles_and_verdicts() -> None:
    row = table_of([1.0, 4.0, 2.0], [0, 0, 0], [0, 1, 2]).rows[0]
    assert (row.median_range_ns, row.median_ns) == (3.0, 2.0)
    assert (row.mean_range_ns, row.mean_ns) == (3.0, 102.0)
    assert (row.aa, row.to_1ns_s, row.to_1ns_by) == ("3 of 6", 3.0, "measured")


def test_a_tool_without_a_test_says_so() -> None:
    row = table_of([1, 2], [1, 2], [1, 2]).rows[1]
    assert (row.aa, row.to_1ns_s, row.to_1ns_by) == ("no test", None, "")


def test_the_ratio_is_to_the_best_peer_at_equal_time_only() -> None:
    table = table_of([1.0, 5.0], [1.0, 1.1], [1.0, 1.5])
    assert table.ratio == pytest.approx(8.0)
    assert table.to_json()["met"]
    assert not table_of([1.0, 4.9], [1.0, 1.1], [1.0, 1.5]).to_json()["met"]


def test_the_table_is_json_even_where_the_ratio_has_no_bound() -> None:
    answer = json.loads(json.dumps(table_of([1, 2], [1, 2], [1, 1]).to_json(), allow_nan=False))
    assert answer["ratio"] is None
    assert answer["rows"][0]["medians_ns"] == [1, 2]
    assert answer["rows"][1]["aa"] == "no test"


@pytest.mark.parametrize(("runs", "seconds"), [(1, 5.0), (5, 0.0), (5, float("nan"))])
def test_too_few_runs_or_no_time_are_refused(runs: int, seconds: float) -> None:
    with pytest.raises(UsageError, match="at least 2 runs"):
        compare_peers(SUBJECTS, runs, 1, lambda line: None, seconds)
