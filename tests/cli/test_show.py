"""`show` and `report`: what a program and a person read from a results file."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from ffi_spectrum.commands.request import Request, request_of
from ffi_spectrum.results.store import read_results

from .conftest import Run
from .synthetic import REQUEST, write_results

# Programs rely on these names and their order.
FIELDS = [
    "id", "kernel", "size", "rung", "variant", "form", "placement", "strategy", "params", "status", "reason",
    "ns_per_call", "ns_low", "ns_high", "far_side_ns", "boundary_ns", "boundary_low", "boundary_high",
    "ratio_to_floor", "ratio_to_python_call", "panel_group", "processes", "is_imprecise", "is_unresolved",
]  # fmt: skip


def test_json_rows_have_exactly_the_promised_fields(run: Run, results_file: Path) -> None:
    rows = json.loads(run("show", results_file, "--json").stdout)
    assert all(list(row) == FIELDS for row in rows)
    by_id = {row["id"]: row for row in rows}
    ctypes = by_id["crc32/1024/ctypes/prebound/host/per_call"]
    assert ctypes["status"] == "ok"
    assert (ctypes["ns_per_call"], ctypes["far_side_ns"]) == pytest.approx((1060, 1000), abs=0.1)
    assert ctypes["boundary_ns"] == pytest.approx(60, abs=0.1)
    assert ctypes["ratio_to_python_call"] == pytest.approx(53)
    failed = by_id["crc32/1024/ctypes.data_as/fresh/host/per_call"]
    assert (failed["status"], failed["reason"], failed["ns_per_call"]) == ("failed", "it was ended by SIGSEGV", None)


def test_the_table_is_printed_with_the_reasons(run: Run, results_file: Path) -> None:
    done = run("show", results_file)
    assert done.exit_code == 0
    (row,) = [line for line in done.stdout.splitlines() if line.startswith("  ctypes  ")]
    assert [cell.strip() for cell in row.split("  ") if cell.strip()][:3] == ["ctypes", "host", "1.06 us"]
    assert "it was ended by SIGSEGV" in done.stdout


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "cannot be read: No such file or directory"),
        ("", "holds no results"),
        ("not json\n", "line 1 is damaged"),
        ('{"kind":"process"}\n', "line 1"),
        ('{"kind":"run","schema":99}\n', "has schema 99"),
    ],
)
@pytest.mark.parametrize("command", ["show", "report"])
def test_a_file_that_cannot_be_used_is_one_sentence(
    run: Run, tmp_path: Path, command: str, content: str | None, sentence: str
) -> None:
    path = tmp_path / "bad.jsonl"
    if content is not None:
        path.write_text(content)
    done = run(command, path)
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith(f"ffi-spectrum: {path}")
    assert sentence in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_the_report_is_printed_or_written_in_the_format_of_its_suffix(run: Run, results_file: Path) -> None:
    printed = run("report", results_file).stdout
    assert "ffi-spectrum bench --profile quick --rung ctypes --rung python --kernel crc32 --seed 5" in printed.replace(
        "--rung floor ", ""
    )
    assert run("report", results_file, "--out", "sub/r.md").exit_code == 0
    assert Path("sub/r.md").read_text() == printed
    assert run("report", results_file, "--out", "r.html").exit_code == 0
    assert Path("r.html").read_text().startswith("<!doctype html>")


def test_another_suffix_or_an_unwritable_place_is_a_usage_error(run: Run, results_file: Path) -> None:
    done = run("report", results_file, "--out", "r.pdf")
    assert (done.exit_code, done.stderr) == (
        2, "ffi-spectrum: r.pdf must end in .md or .html: the suffix selects the format\n",
    )  # fmt: skip
    done = run("report", results_file, "--out", results_file / "r.md")
    assert done.exit_code == 2
    assert "cannot be written" in done.stderr


@pytest.mark.parametrize(
    ("filters", "kept"),
    [
        ((), {"floor", "ctypes", "python"}),
        (("--rung", "ctypes"), {"ctypes"}),
        (("--rung", "ctypes", "--rung", "python", "--kernel", "crc32"), {"ctypes", "python"}),
    ],
)
def test_filters_pick_the_rows_and_leave_their_ratios(
    run: Run, results_file: Path, filters: tuple[str, ...], kept: set[str]
) -> None:
    everything = {row["id"]: row for row in json.loads(run("show", results_file, "--json").stdout)}
    rows = json.loads(run("show", results_file, "--json", *filters).stdout)
    assert {row["rung"] for row in rows} == kept
    assert rows == [row for row in everything.values() if row["rung"] in kept]


@pytest.mark.parametrize("command", [("show",), ("show", "--json"), ("report",), ("report", "--tables")])
def test_every_way_of_showing_takes_the_filters(run: Run, results_file: Path, command: tuple[str, ...]) -> None:
    name, *options = command
    printed = run(name, results_file, *options, "--rung", "ctypes", "--form", "prebound").stdout
    # a report names the command of the whole run, whatever is shown of it
    shown = "\n".join(line for line in printed.splitlines() if not line.startswith("ffi-spectrum bench"))
    words = set(re.findall(r"[a-z_]+", shown))
    assert {"ctypes", "prebound"} <= words
    assert not {"python", "fresh"} & words


@pytest.mark.parametrize(
    ("filters", "sentence"),
    [
        (("--kernel", "crc"), "has no kernel 'crc'; it has crc32"),
        (("--form", "warm"), "has no form 'warm'; it has prebound, fresh"),
        (("--rung", "ctypes", "--rung", "cffi"), "has no rung 'cffi'; it has floor, ctypes, python"),
    ],
)
@pytest.mark.parametrize("command", ["show", "report"])
def test_a_name_that_the_file_lacks_is_answered_with_those_it_has(
    run: Run, results_file: Path, command: str, filters: tuple[str, ...], sentence: str
) -> None:
    done = run(command, results_file, *filters)
    assert (done.exit_code, done.stdout, done.stderr) == (2, "", f"ffi-spectrum: {results_file} {sentence}\n")


def test_the_tables_alone_carry_date_and_machine_and_nothing_else(run: Run, results_file: Path) -> None:
    printed = run("report", results_file, "--tables", "--form", "prebound").stdout
    assert printed.startswith(
        "Measured on 2026-11-24 by ffi-spectrum 0.1.0, profile quick, 12 processes a panel: invented"
    )
    assert "#" not in printed
    assert {line[:1] for line in printed.splitlines()[1:]} == {"", "*", "|"}


@pytest.mark.parametrize(
    "request_",
    [
        REQUEST,
        Request(kernels=("noop", "crc32"), rungs=("ctypes",), seed=1),
        Request(kernels=("crc32",), rungs=("ctypes",), sizes=(8, 64), seed=2),
        Request(kernels=("crc32",), rungs=("ctypes",), forms=("prebound",), seed=3, cc="gcc"),
        Request(profile="full", kernels=("crc32",), rungs=("python",), seed=4),
        Request(kernels=("crc32",), rungs=("python",), seed=5, max_processes=30),
        Request(kernels=("crc32",), rungs=("python",), seed=6, cap_s=2.5),
        Request(profile="full", kernels=("crc32",), rungs=("python",), seed=7, max_processes=80, cap_s=60.0),
    ],
    ids=["rungs", "kernels", "sizes", "forms", "profile", "processes", "seconds", "both caps"],
)
def test_the_command_in_a_report_lays_out_the_same_plan(tmp_path: Path, request_: Request) -> None:
    plan = write_results(tmp_path / "run.jsonl", request_, processes=1)
    found = request_of(read_results(tmp_path / "run.jsonl").run)
    assert found.plan() == plan
    assert found.cc == request_.cc
    assert (found.max_processes, found.cap_s) == (request_.max_processes, request_.cap_s)
    assert bool(found.sizes) == bool(request_.sizes)


def test_sheets_are_what_another_process_adds(run: Run, results_file: Path) -> None:
    tables, sheets = (run("report", results_file, option).stdout for option in ("--tables", "--sheets"))
    assert "| rung |" in tables
    assert sheets.startswith("Measured on ")
    assert "| rung |" not in sheets  # nothing of this file is called in another process
