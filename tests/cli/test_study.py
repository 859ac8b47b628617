"""`threads` and `costs`: recorded files are shown, new ones are made and continued, and mistakes are one sentence."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from ffi_spectrum.measure import costs as measure_costs
from ffi_spectrum.measure import threads as measure_threads
from ffi_spectrum.measure.portability import CLAIMS
from ffi_spectrum.results.study import AbsentRecord

from ..unit.costs_records import write_costs
from ..unit.threads_records import write_threads
from .conftest import Run


@pytest.fixture
def threads_file(tmp_path: Path) -> Path:
    path = tmp_path / "threads.jsonl"
    write_threads(path)
    return path


@pytest.fixture
def costs_file(tmp_path: Path) -> Path:
    path = tmp_path / "costs.jsonl"
    write_costs(path)
    return path


@pytest.mark.parametrize("command", ["threads", "costs"])
def test_a_recorded_file_fits_a_hundred_columns(
    run: Run, threads_file: Path, costs_file: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    done = run(command, "--show", threads_file if command == "threads" else costs_file)
    assert (done.exit_code, done.stderr) == (0, "")
    assert max(map(len, done.stdout.splitlines())) <= 100
    assert "missing: grpc" in done.stdout


def test_threads_are_shown(run: Run, threads_file: Path) -> None:
    lines = run("threads", "--show", threads_file).stdout.splitlines()
    (row,) = [line.split() for line in lines if line.startswith("cext ") and "stalls" in line]
    assert row == ["cext", "stalls", "spin", "10.0", "ms", "1.02", "±0.03", *["9.00", "ms"] * 3]
    assert "missing: grpc.unary: the package grpcio is not installed" in lines


def test_threads_of_one_rung_keep_the_control(run: Run, threads_file: Path) -> None:
    rows = json.loads(run("threads", "--show", threads_file, "--rung", "python", "--json").stdout)
    assert [row["way"] for row in rows] == ["floor.dlsym", "python"]
    assert rows[1]["verdict"] == "takes turns"


def test_costs_are_shown(run: Run, costs_file: Path) -> None:
    lines = run("costs", "--show", costs_file).stdout.splitlines()
    (row, start) = [line.split() for line in lines if line.startswith("cext ")]
    assert row == ["cext", "yes", "3.25", "±0.25", "s", "9.00", "±0.00", "ms", "92.0", "kB"]
    assert start[-3:] == ["2.0", "MB", "-"]
    assert "missing: grpc (build, compiler, start): no grpcio" in lines


def test_portability_alone(run: Run, costs_file: Path) -> None:
    shown = run("costs", "--show", costs_file, "--portability").stdout
    assert "Which artifact moves" in shown
    assert "Build" not in shown
    rest = run("costs", "--show", costs_file, "--costs").stdout
    assert ("Build" in rest, "Which artifact moves" in rest) == (True, False)
    page = run("costs", "--show", costs_file, "--portability", "--markdown").stdout
    assert page.startswith("Measured on 2026-11-24 by ffi-spectrum 0.1.0, one trial a row: Invented CPU, 2 CPUs, ")
    assert "| `ffis.wasm` |" in page
    assert "untested" in page


def test_costs_as_json_have_a_kind_each(run: Run, costs_file: Path) -> None:
    rows = json.loads(run("costs", "--show", costs_file, "--json").stdout)
    assert [row["kind"] for row in rows] == ["cost"] * 5 + ["package"] * 2 + ["portability"] * 2
    assert rows[1]["subject"] == "cext" or rows[2]["subject"] == "cext"


@pytest.mark.parametrize("command", ["threads", "costs"])
def test_markdown_is_dated_and_ends_with_what_its_columns_mean(
    run: Run, threads_file: Path, costs_file: Path, command: str
) -> None:
    page = run(command, "--show", threads_file if command == "threads" else costs_file, "--markdown").stdout
    assert page.startswith("Measured on 2026-11-24 by ffi-spectrum 0.1.0, 6 ")
    assert page.count("\n\n**") == (2 if command == "threads" else 4)
    assert page.splitlines()[-1].startswith("- missing: grpc")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("threads", "--show", "a", "--out", "b"), "--show and --out exclude each other"),
        (("costs", "--json", "--markdown"), "--json and --markdown exclude each other"),
        (("threads", "--rung", "cgo"), "no rung 'cgo'; there are floor, "),
        (("costs", "--rung", "cgo"), "no rung 'cgo'; there are floor, "),
        (("threads", "--call-ms", "5"), "a call takes at least 10 ms"),
        (("costs", "--builds", "0"), "at least once"),
    ],
)
def test_a_mistake_is_one_sentence_and_exit_code_2(run: Run, words: tuple[str, ...], message: str) -> None:
    done = run(*words)
    assert (done.exit_code, done.stdout) == (2, "")
    assert message in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_file_of_something_else_is_refused(run: Run, threads_file: Path, results_file: Path) -> None:
    for path, message in (
        (threads_file, "holds threads"),
        (results_file, "line 1: unknown kind"),
        (Path("no"), "read"),
    ):
        done = run("costs", "--show", path)
        assert (done.exit_code, done.stdout) == (1, "")
        assert message in done.stderr
    done = run("threads", "--show", threads_file, "--rung", "uds")
    assert done.exit_code == 2
    assert "has no rung 'uds'; it has floor, cext, " in done.stderr


def test_threads_of_a_rung_are_measured_and_the_file_goes_on(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "new" / "threads.jsonl"
    words = ("threads", "--rung", "python", "--window-ms", "20", "--out", file)
    first = run(*words, "--processes", "1")
    assert first.exit_code == 0, first.stderr
    assert [line.split()[0] for line in first.stdout.splitlines() if "spin " in line] == ["floor.dlsym", "python"]
    assert "Raw figures are in " in first.stdout
    second = run(*words, "--processes", "2", "--json")
    assert [row["way"] for row in json.loads(second.stdout)] == ["floor.dlsym", "python"]
    ways = [json.loads(line)["way"] for line in file.read_text().splitlines()[1:]]
    assert Counter(ways) == {"floor.dlsym": 2, "python": 2}  # a busy machine leaves some of them out of the estimates
    assert "measuring in 4 processes, 2 of them from before" in second.stderr
    other = run(*words, "--call-ms", "10.5")
    assert (other.exit_code, "another call_ms" in other.stderr or "a window two calls" in other.stderr) == (2, True)


def test_nothing_measured_is_a_failure_with_its_reasons(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measure_threads, "_build", lambda rung, toolchain: "no compiler today")
    done = run("threads", "--rung", "ctypes", "--processes", "1", "--out", tmp_path / "a.jsonl")
    assert done.exit_code == 1
    assert "missing: floor.dlsym, ctypes: no compiler today" in done.stdout
    assert done.stderr.splitlines()[-1] == "ffi-spectrum: nothing was measured; the reasons are above"


def test_costs_of_a_rung_are_measured(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measure_costs, "CLAIMS", CLAIMS[2:3])
    monkeypatch.setattr(measure_costs, "PACKAGES", {"ctypes": ""})
    monkeypatch.setattr(measure_costs, "_builds", lambda options, shared, site: [])
    done = run("costs", "--rung", "ctypes", "--processes", "1", "--json", "--out", tmp_path / "a.jsonl")
    assert done.exit_code == 0, done.stderr
    rows: dict[str, Any] = {row["kind"]: row for row in json.loads(done.stdout)}
    assert rows["cost"]["needs_compiler"] is False
    assert rows["cost"]["figures"]["first_call_s"][0] > 0
    assert rows["portability"]["to"] == "another OS"


@pytest.mark.parametrize("command", ["threads", "costs"])
def test_ctrl_c_says_how_to_go_on(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    def interrupt(*arguments: Any) -> AbsentRecord:
        raise KeyboardInterrupt

    monkeypatch.setattr(f"ffi_spectrum.commands.{command}.run_{command}", interrupt)
    done = run(command, "--out", tmp_path / "my file.jsonl")
    assert done.exit_code == 130
    last = done.stderr.splitlines()[-1]
    path = tmp_path / "my file.jsonl"
    assert last == (
        f"ffi-spectrum: stopped; what was measured is in {path}: give the same options and --out '{path}' to go on"
    )
