"""`export`: what pyperf itself and a CSV reader find in an exported file."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path

import pyperf  # type: ignore[import-untyped]
import pytest

from ffi_spectrum.analysis.estimate import estimate_results
from ffi_spectrum.results.store import read_results

from .conftest import Run
from .synthetic import CROSSING_NS, FAR_ITERATIONS, LOOP_NS, WORK_NS

CTYPES = "crc32/1024/ctypes/prebound/host/per_call"


@pytest.fixture
def pyperf_file(run: Run, results_file: Path, tmp_path: Path) -> Path:
    out = tmp_path / "exported.json"
    assert run("export", results_file, "--format", "pyperf", "--out", out).stdout == f"wrote {out}\n"
    return out


@pytest.mark.parametrize("command", [("stats",), ("hist",), ("compare_to", "--table"), ("metadata",)])
def test_pyperf_opens_the_file(pyperf_file: Path, command: tuple[str, ...]) -> None:
    name, *options = command
    files = [str(pyperf_file)] * (2 if name == "compare_to" else 1)
    done = subprocess.run(
        [sys.executable, "-m", "pyperf", name, *options, *files],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert (CTYPES if name != "metadata" else "cpu_model_name: invented") in done.stdout


def test_a_benchmark_is_a_case_a_run_a_process_and_a_value_a_round(pyperf_file: Path, results_file: Path) -> None:
    suite = pyperf.BenchmarkSuite.load(str(pyperf_file))
    measured = {row.id: row for row in estimate_results(read_results(results_file)) if row.status == "ok"}
    assert set(suite.get_benchmark_names()) == set(measured)
    for benchmark in suite.get_benchmarks():
        assert [len(run.values) for run in benchmark.get_runs()] == [3] * 12
        ns_per_call = measured[benchmark.get_name()].ns_per_call
        assert benchmark.median() * 1e9 == pytest.approx(ns_per_call)
    floor = suite.get_benchmark("crc32/1024/floor.dlsym/prebound/host/per_call")
    assert floor.get_loops() == FAR_ITERATIONS


def test_rounds_that_pyperf_cannot_hold_are_left_out_and_counted(run: Run, results_file: Path, tmp_path: Path) -> None:
    rows = [json.loads(line) for line in results_file.read_text().splitlines()]
    ctypes = [m for row in rows for m in row.get("cases", ()) if m["case"]["rung"] == "ctypes"]
    for measured in ctypes:
        measured["series"]["elapsed_ns"][0] = 1
    ctypes[0]["series"]["elapsed_ns"] = [1, 1, 1]
    results_file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    document = json.loads(run("export", results_file, "--format", "pyperf").stdout)
    (benchmark,) = [b for b in document["benchmarks"] if b["metadata"]["name"] == CTYPES]
    assert [len(r["values"]) for r in benchmark["runs"]] == [2] * 11
    assert {r["metadata"]["rounds_not_positive"] for r in benchmark["runs"]} == {1}


def test_csv_has_a_row_of_raw_times_per_case_process_and_round(run: Run, results_file: Path) -> None:
    rows = list(csv.DictReader(run("export", results_file, "--format", "csv").stdout.splitlines()))
    processes = read_results(results_file).processes
    assert len(rows) == sum(len(row.series.rounds) for process in processes for row in process.cases)
    assert len({(row["case"], row["process"], row["round"]) for row in rows}) == len(rows)
    (row,) = [row for row in rows if (row["case"], row["process"], row["round"]) == (CTYPES, "3", "1")]
    assert (row["rung"], row["form"], row["size"]) == ("ctypes", "prebound", "1024")
    elapsed_ns = 1000 * (LOOP_NS + WORK_NS + CROSSING_NS["ctypes"])
    assert (row["iterations"], row["elapsed_ns"], row["disturbed"]) == ("1000", str(elapsed_ns), "0")
    assert (row["empty_iterations"], row["empty_elapsed_ns"]) == ("1000", str(1000 * LOOP_NS))


def test_disturbed_rounds_are_marked(run: Run, results_file: Path) -> None:
    rows = [json.loads(line) for line in results_file.read_text().splitlines()]
    for row in rows:
        if row["kind"] == "process":
            row["disturbed"] = [2]
    results_file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    exported = list(csv.DictReader(run("export", results_file, "--format", "csv").stdout.splitlines()))
    assert {(row["round"], row["disturbed"]) for row in exported} == {("0", "0"), ("1", "0"), ("2", "1")}


def test_another_format_is_a_usage_error(run: Run, results_file: Path) -> None:
    assert run("export", results_file, "--format", "xlsx").exit_code == 2
