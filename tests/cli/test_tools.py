"""`rungs`, `build`, `cache`, `example` and errors of the command line itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ffi_spectrum import cli
from ffi_spectrum.commands import survey
from ffi_spectrum.errors import BuildError, Unavailable
from ffi_spectrum.rungs.table import RUNGS, rung_class
from ffi_spectrum.toolchain.artifact import Artifact
from ffi_spectrum.toolchain.build import Toolchain
from ffi_spectrum.toolchain.cache import Cache

from .conftest import Run

FACTS: dict[str, Any] = {
    "name": "libffis.so", "compiler": "zig", "version": "0.17.1", "flags": ["-O3"], "target": "x86_64",
    "build": "timed", "seconds": 3.6, "nbytes": 12_100, "was_cached": False,
}  # fmt: skip


@pytest.fixture
def three_rungs(monkeypatch: pytest.MonkeyPatch) -> None:
    """ctypes builds and opens without a compiler, python needs none, ctypes_pydll says why it cannot be."""

    def built(toolchain: Toolchain) -> dict[str, Artifact]:
        return {"library": Artifact(Path("libffis.so"), FACTS)}

    def absent(toolchain: Toolchain) -> dict[str, Artifact]:
        raise Unavailable("no Python.h: install python3-dev")

    monkeypatch.setattr(survey, "RUNGS", ("ctypes", "ctypes_pydll", "python"))
    monkeypatch.setattr(rung_class("ctypes"), "build", built)
    monkeypatch.setattr(rung_class("ctypes"), "_open", lambda self: None)
    monkeypatch.setattr(rung_class("ctypes_pydll"), "build", absent)


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FFI_SPECTRUM_CACHE", str(tmp_path / "cache"))


@pytest.mark.usefixtures("three_rungs")
def test_rungs_lists_what_a_reader_must_know(run: Run) -> None:
    done = run("rungs")
    lines = [line.rstrip() for line in done.stdout.splitlines()]
    assert done.exit_code == 0
    assert "unavailable: ctypes_pydll: no Python.h: install python3-dev" in lines
    rows = [line.split()[:2] for line in lines if line.startswith(("ctypes", "python"))]
    assert rows[:3] == [["ctypes", "yes"], ["ctypes_pydll", "no"], ["python", "yes"]]
    assert rows[3:6] == [["ctypes", "released"], ["ctypes_pydll", "held"], ["python", "held"]]
    assert "ends the process" in done.stdout


@pytest.mark.usefixtures("three_rungs")
def test_rungs_as_json_keep_standard_output_clean(run: Run) -> None:
    rows = json.loads(run("rungs", "--json").stdout)
    assert [(row["name"], row["available"], row["reason"]) for row in rows] == [
        ("ctypes", True, ""),
        ("ctypes_pydll", False, "no Python.h: install python3-dev"),
        ("python", True, ""),
    ]
    assert list(rows[0]) == [
        "name", "purpose", "available", "reason", "gil", "checks", "tier", "copies", "errno", "needs", "native_code",
        "crash", "cells", "variants", "strategies", "panel_group", "agreement",
    ]  # fmt: skip


@pytest.mark.usefixtures("three_rungs")
def test_rungs_as_markdown_build_nothing_and_join_equal_rows(run: Run, tmp_path: Path) -> None:
    done = run("rungs", "--markdown")
    assert (done.exit_code, done.stderr) == (0, "")
    uses, calls = done.stdout.split("\n\n")
    assert [line.split(" | ")[0] for line in uses.splitlines()[2:]] == ["| `ctypes`", "| `ctypes_pydll`", "| `python`"]
    assert "| `ctypes` | released | type\N{NON-BREAKING HYPHEN}checked |" in calls
    assert not (tmp_path / "cache").exists()
    assert run("rungs", "--markdown", "--json").exit_code == 2


@pytest.mark.usefixtures("three_rungs")
def test_rungs_fit_a_hundred_columns(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    assert max(map(len, run("rungs").stdout.splitlines())) <= 100


@pytest.mark.usefixtures("three_rungs")
@pytest.mark.parametrize("columns", [30, 40, 60])
def test_rungs_keep_their_names_on_a_narrow_terminal(run: Run, monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    starts = [line.split(" ")[0] for line in run("rungs").stdout.splitlines() if line[:1].isalpha()]
    assert [starts.count(name) for name in ("ctypes", "ctypes_pydll", "python")] == [3, 3, 3]


@pytest.mark.usefixtures("three_rungs")
def test_build_prints_the_facts_of_every_artifact(run: Run) -> None:
    done = run("build")
    assert done.exit_code == 0
    (row,) = [line for line in done.stdout.splitlines() if line.startswith("libffis.so")]
    assert row.split("  ")[0] == "libffis.so"
    assert row.split() == ["libffis.so", "zig", "0.17.1", "x86_64", "3.6", "12.1", "kB", "no", "ctypes"]
    assert "zig 0.17.1 for x86_64: -O3" in done.stdout
    assert "unavailable: ctypes_pydll: no Python.h" in done.stdout


@pytest.mark.usefixtures("three_rungs")
def test_a_failed_build_shows_the_compilers_message_and_fails(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(toolchain: Toolchain) -> dict[str, Artifact]:
        raise BuildError("zig failed with exit code 1:\nadd.c:3:5: error: expected ';'")

    monkeypatch.setattr(rung_class("ctypes"), "build", broken)
    done = run("build")
    assert done.exit_code == 1
    assert "add.c:3:5: error: expected ';'" in done.stdout
    assert done.stderr.splitlines()[-1] == "ffi-spectrum: the build of ctypes failed, with the messages above"


def test_the_tier_of_every_rung_is_known_to_the_tables() -> None:
    tiers = survey.checks_by_rung()
    assert list(tiers) == list(RUNGS)
    assert set(tiers.values()) <= {"unchecked", "type-checked", "error-safe"}


def test_the_cache_is_shown_and_cleared(run: Run, tmp_path: Path) -> None:
    def make(folder: Path) -> dict[str, Any]:
        (folder / "libffis.so").write_bytes(b"x" * 500)
        return FACTS

    Cache(tmp_path / "cache").get({"key": 1}, make)
    shown = run("cache").stdout
    assert f"Build cache in {tmp_path / 'cache'}" in shown
    (row,) = [line for line in shown.splitlines() if line.startswith("libffis.so")]
    assert row.split()[:8] == ["libffis.so", "timed", "x86_64", "zig", "0.17.1", "3.6", "12.1", "kB"]
    cleared = run("cache", "--clear")
    assert cleared.stdout.startswith(f"removed {tmp_path / 'cache'}, ")
    assert Cache(tmp_path / "cache").list() == []


def test_an_unusable_cache_is_one_sentence(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("FFI_SPECTRUM_CACHE", str(tmp_path / "file" / "cache"))
    done = run("cache")
    assert done.exit_code == 1
    assert done.stderr.startswith("ffi-spectrum: the build cache ")
    assert len(done.stderr.splitlines()) == 1


def test_an_example_is_written_once(run: Run) -> None:
    done = run("example", "ctypes")
    assert done.exit_code == 0
    assert Path("ctypes_example/kernels.c").is_file()
    assert done.stdout.splitlines()[-1] == "Start with ctypes_example/README.md"
    again = run("example", "ctypes")
    assert again.exit_code == 2
    assert "exists" in again.stderr


def test_an_unknown_example_lists_the_known_ones(run: Run) -> None:
    done = run("example", "cgo", "there")
    assert done.exit_code == 2
    assert all(name in done.stderr for name in ("cffi", "ctypes", "wasmtime", "python"))
    assert not Path("there").exists()


def test_ctrl_c_in_any_command_is_one_sentence(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*arguments: Any, **options: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(survey, "survey_rungs", interrupt)
    done = run("build")
    assert (done.exit_code, done.stderr) == (130, "ffi-spectrum: stopped\n")


def test_every_command_has_a_help_text_that_is_not_cut_off(run: Run) -> None:
    listing = run("--help").stdout
    assert not any(line.endswith("...") for line in listing.splitlines()[1:])
    for name, command in cli.main.commands.items():
        assert name in listing
        assert command.help
