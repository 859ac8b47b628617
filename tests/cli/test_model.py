"""`model` on a run of invented sweeps: tables, JSON, the check and its exit code, and what cannot be fitted."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ffi_spectrum.commands.model import TWINS
from ffi_spectrum.rungs.table import RUNGS, rung_class

from ..unit.sweeps import Law, sweep, write
from .conftest import Run

LAWS = {
    "cext": Law(empty=20.0),
    "wasmtime_fast": Law(empty=60.0, payload=lambda nbytes: 0.05 * nbytes),
    "python": Law(empty=15.0, step=100.0, has_far=False),
}


@pytest.fixture(scope="module")
def sweep_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sweep") / "sweep.jsonl"
    write(sweep(LAWS), path)
    return path


def test_tables_fit_a_hundred_columns(run: Run, sweep_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    done = run("model", sweep_file)
    assert (done.exit_code, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert max(map(len, lines)) <= 100
    titles = ("one call", "payload, prebound", "work", "cext: where another rung wins")
    assert [title for title in titles if title in lines] == list(titles)
    assert "nothing is extrapolated" in done.stdout.replace("\n", " ")


def test_rungs_limit_what_is_shown_and_not_what_is_compared(run: Run, sweep_file: Path) -> None:
    done = run("model", sweep_file, "--rung", "wasmtime_fast")
    assert [line for line in done.stdout.splitlines() if line.endswith("another rung wins")] == [
        "wasmtime_fast: where another rung wins"
    ]
    assert "cext" in done.stdout.partition("another rung wins")[2]


def test_json_has_an_object_per_way(run: Run, sweep_file: Path) -> None:
    rows = json.loads(run("model", sweep_file, "--json", "--rung", "cext").stdout)
    assert [(row["rung"], row["placement"]) for row in rows] == [("cext", "none"), ("cext", "host")]
    assert rows[0]["empty_call_ns"][0] == pytest.approx(21, rel=0.02)
    others = {other["against"]["rung"]: other for other in rows[1]["break_even"]}
    assert set(others) == {"wasmtime_fast", "python"}
    assert others["wasmtime_fast"]["payload_bytes"]["verdict"] == "never"


def test_the_check_passes_on_what_the_model_describes(run: Run, sweep_file: Path) -> None:
    done = run("model", sweep_file, "--check")
    assert (done.exit_code, done.stderr) == (0, "")
    assert "predictions of sizes that were left out" in done.stdout
    rows = json.loads(run("model", sweep_file, "--check", "--json").stdout)
    assert [row["rung"] for row in rows] == ["floor", *LAWS]
    assert all(not row["is_miss"] for row in rows)


def test_the_check_fails_with_the_rung_that_misses(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "odd.jsonl"
    odd = Law(20.0, payload=lambda nbytes: 100.0 if nbytes.bit_length() % 2 else 250.0)
    write(sweep({"cext": LAWS["cext"], "ctypes": odd}), path)
    done = run("model", path, "--check")
    assert done.exit_code == 1
    assert done.stderr.startswith("ffi-spectrum: the model misses: ctypes (median ")
    assert "cext" not in done.stderr
    assert run("model", path, "--check", "--rung", "cext").exit_code == 0


@pytest.mark.parametrize("options", [(), ("--check",), ("--json",)])
def test_a_run_without_sweeps_says_how_to_get_one(run: Run, results_file: Path, options: tuple[str, ...]) -> None:
    done = run("model", results_file, *options)
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr == (
        f"ffi-spectrum: {results_file} has no sweep to fit: measure one with `ffi-spectrum bench --profile full`\n"
    )


def test_too_few_sizes_to_leave_any_out(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "short.jsonl"
    write(sweep({"cext": LAWS["cext"]}, chosen=[("ends", 1), ("ends", 64), ("ends", 4096)]), path)
    assert run("model", path).exit_code == 0
    done = run("model", path, "--check")
    assert (done.exit_code, done.stdout) == (1, "")
    assert "has no sweep of five sizes to check" in done.stderr


def test_an_unknown_rung_is_answered_with_those_of_the_file(run: Run, sweep_file: Path) -> None:
    done = run("model", sweep_file, "--rung", "cffi")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "has no rung 'cffi'; it has floor, cext, wasmtime_fast, python" in done.stderr


def test_twins_differ_in_the_gil_alone() -> None:
    for released, held in TWINS.items():
        assert {released, held} <= set(RUNGS)
        infos = [rung_class(rung).info for rung in (released, held)]
        assert [info.gil for info in infos] == ["released", "held"]
        assert infos[0].checks == infos[1].checks
        assert infos[0].cells == infos[1].cells
