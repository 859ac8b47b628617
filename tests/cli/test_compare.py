"""`compare`: a gate between two results files."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .conftest import Run

CTYPES, PYTHON = "crc32/1024/ctypes/prebound/host/per_call", "crc32/1024/python/prebound/host/per_call"
FIELDS = [
    "id", "a_ns", "b_ns", "difference_ns", "difference_low_ns", "difference_high_ns", "margin_ns", "p_value",
    "verdict", "a_processes", "b_processes", "round_sd_ns", "process_sd_ns", "build_sd_ns",
]  # fmt: skip


def rewrite(path: Path, out: Path, change: Callable[[dict[str, Any]], None]) -> Path:
    """A copy of a results file with every line changed."""
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    for row in rows:
        change(row)
    out.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return out


def slow_ctypes(row: dict[str, Any]) -> None:
    for measured in row.get("cases", ()):
        if measured["case"]["rung"] == "ctypes":
            series = measured["series"]
            series["elapsed_ns"] = [ns + 40 * series["iterations"] for ns in series["elapsed_ns"]]


@pytest.fixture
def slower_file(results_file: Path, tmp_path: Path) -> Path:
    """The same run with 40 ns more for every ctypes call."""
    return rewrite(results_file, tmp_path / "slower.jsonl", slow_ctypes)


def test_a_file_equals_itself_and_passes(run: Run, results_file: Path) -> None:
    done = run("compare", results_file, results_file, "--fail-on", "slower", "--json")
    rows = json.loads(done.stdout)
    assert (done.exit_code, done.stderr) == (0, "")
    assert all(list(row) == FIELDS for row in rows)
    assert {row["verdict"] for row in rows} == {"EQUIVALENT"}


def test_a_slower_case_fails_the_gate_by_name(run: Run, results_file: Path, slower_file: Path) -> None:
    done = run("compare", results_file, slower_file, "--fail-on", "slower", "--json")
    assert (done.exit_code, done.stderr) == (1, f"ffi-spectrum: slower: {CTYPES} by 40 ns\n")
    row = {row["id"]: row for row in json.loads(done.stdout)}[CTYPES]
    assert (row["verdict"], row["margin_ns"]) == ("SLOWER", pytest.approx(10.6))
    assert row["difference_ns"] == pytest.approx(40)
    assert run("compare", results_file, slower_file).exit_code == 0
    assert run("compare", slower_file, results_file, "--fail-on", "slower").exit_code == 0
    assert run("compare", results_file, slower_file, "--fail-on", "slower", "--margin-ns", "50").exit_code == 0


def test_the_table_shows_times_margin_and_verdict(run: Run, results_file: Path, slower_file: Path) -> None:
    lines = run("compare", results_file, slower_file).stdout.splitlines()
    (row,) = [line.split() for line in lines if line.startswith("  ctypes ")]
    assert row == ["ctypes", "host", "1.06", "us", "1.10", "us", "40.0", "ns", "40.0", "to", "40.0", "10.6", "ns",
                   row[-2], "SLOWER"]  # fmt: skip
    assert float(row[-2]) < 0.001
    assert not any("process sd" in line for line in lines)
    assert "process sd" in run("compare", results_file, slower_file, "--variance").stdout


def test_other_libraries_are_refused_and_other_machines_warned_of(run: Run, results_file: Path, tmp_path: Path) -> None:
    def library(row: dict[str, Any]) -> None:
        if row["kind"] == "run":
            row["library_sha256"] = "0123"

    def machine(row: dict[str, Any]) -> None:
        if row["kind"] == "run":
            row["fingerprint"] = {"cpu": "another"}

    done = run("compare", results_file, rewrite(results_file, tmp_path / "library.jsonl", library))
    assert (done.exit_code, done.stdout) == (1, "")
    assert "differ in their library hash (A: b, B: 0123)" in done.stderr
    done = run("compare", results_file, rewrite(results_file, tmp_path / "machine.jsonl", machine))
    assert done.exit_code == 0
    assert done.stderr == "warning: the runs differ in cpu: a difference need not be the code's\n"


@pytest.mark.parametrize(("name", "value"), [("schema", 99), ("overhead_policy", "none")])
def test_another_schema_or_policy_is_refused_with_the_file(
    run: Run, results_file: Path, tmp_path: Path, name: str, value: object
) -> None:
    def change(row: dict[str, Any]) -> None:
        if row["kind"] == "run":
            row[name] = value

    other = rewrite(results_file, tmp_path / "other.jsonl", change)
    done = run("compare", results_file, other)
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith(f"ffi-spectrum: {other} ")
    assert name.replace("_", " ") in done.stderr


def test_a_margin_must_be_positive(run: Run, results_file: Path) -> None:
    assert run("compare", results_file, results_file, "--margin-ns", "0").exit_code == 2
