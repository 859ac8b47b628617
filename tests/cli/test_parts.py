"""`parts` and `strategies` on a run of invented parts: tables, JSON, filters, and files that they cannot read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ffi_spectrum.case import Case
from ffi_spectrum.commands import kinship
from ffi_spectrum.commands.model import TWINS
from ffi_spectrum.kernels.table import KERNELS
from ffi_spectrum.rungs.table import RUNGS, rung_class

from ..unit.parted import run as invented
from ..unit.parted import single_cases, wide_cases, write
from .conftest import Run

NATIVE = ("cext", "cext_nogil", "cffi_api", "cffi_api_held", "ctypes", "ctypes_pydll", "ctypes_untyped")
MIXED = (("calls", 1000), ("mixed", 1))
STEPS = ("matmul", "bias_add", "relu", "dense_relu")


def boundary(case: Case) -> float:
    """The GIL is released for 24 ns, batches cost 50 ns and 1 ns a call, and fresh data half a microsecond."""
    calls = dict(case.params).get("calls", 0)
    if calls:
        return 50.0 + calls
    held = TWINS.values()
    return (20.0 if case.rung in held else 44.0) + (500.0 if case.form == "fresh" else 0.0)


@pytest.fixture(scope="module")
def parts_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("parts") / "parts.jsonl"
    cells = {("noop", 0): single_cases("noop", 0, NATIVE), ("saxpy", 8): single_cases("saxpy", 8, NATIVE)}
    cells["noop", 0] += wide_cases("noop", 0, "ctypes", (1, 10, 100))
    cells["add", 0] = [
        *single_cases("add", 0, NATIVE),
        Case("add", 0, "ctypes", "prebound", "host", strategy="replayed", params=MIXED),
        Case("add", 0, "ctypes", "prebound", "host", strategy="replayed", params=(*MIXED, ("ordered", 1))),
    ]
    cells |= {(name, 16): single_cases(name, 16, NATIVE[:1]) for name in STEPS}
    write(invented(cells, boundary), path)
    return path


def lines_of(text: str, title: str) -> list[list[str]]:
    """The words of the rows below a title and its head, up to the next empty line."""
    rows = text.partition(f"\n{title}\n")[2].split("\n\n")[0]
    return [line.split() for line in rows.splitlines()[1:]]


@pytest.mark.parametrize("command", ["parts", "strategies"])
def test_tables_fit_a_hundred_columns(
    run: Run, parts_file: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    done = run(command, parts_file)
    assert (done.exit_code, done.stderr) == (0, "")
    assert max(map(len, done.stdout.splitlines())) <= 100
    assert "…" not in done.stdout


def test_parts_stand_in_the_tables(run: Run, parts_file: Path) -> None:
    text = run("parts", parts_file).stdout
    rows = {row[0]: row[1:] for row in lines_of(text, "saxpy, size 8, fresh, host")}
    assert list(rows) == list(NATIVE)
    whole, work, empty, args, types, convert, gil, rest, _ = rows["cffi_api"]
    assert (work, empty, types) == ("3.0", "20.0", "-")
    assert [float(number) for number in (whole, convert, gil)] == pytest.approx([547, 500, 24], rel=0.2)
    assert abs(float(args)) < 1
    assert rest.lstrip("≠")
    shares = {row[0]: row[1:] for row in lines_of(text, "Do the parts add up?")}
    assert shares["cext"][0] == "12"
    assert shares["all"][0] == str(3 * len(NATIVE) + len(NATIVE) + 2 * len(STEPS))
    transitions = lines_of(text, "GIL: releasing it and taking it back")
    assert [row[0] for row in transitions] == ["noop", "saxpy", "add"]
    assert float(transitions[0][1]) == pytest.approx(24, abs=1)
    same = lines_of(text, "GIL: is it the same?")
    assert {tuple(row[-1:]) for row in same if row[0] == "noop"} == {("EQUIVALENT",)}
    assert "the whole less all parts" in text


def test_what_does_not_add_up_is_marked(run: Run, tmp_path: Path) -> None:
    """In a third of the processes both calls are slow, in another third one of them: medians of pairs do not add."""
    path = tmp_path / "odd.jsonl"
    results = invented(
        {("noop", 0): single_cases("noop", 0, ("cext", "cext_nogil"))}, boundary, noise=0.0, processes=60
    )
    slow: tuple[set[str], ...] = ({"cext", "cext_nogil"}, {"cext_nogil"}, set())
    for record in results.processes:
        for row in record.cases:
            if row.case.rung in slow[record.process % 3]:
                row.series.elapsed_ns[:] = [ns + 9 * row.series.iterations for ns in row.series.elapsed_ns]
    write(results, path)
    rows = {row["rung"]: row for row in json.loads(run("parts", path, "--json").stdout) if "adds_up" in row}
    assert [rows[rung]["adds_up"] for rung in ("cext", "cext_nogil")] == [True, False]
    assert rows["cext_nogil"]["residual_ns"][0] == pytest.approx(9, abs=0.01)
    rests = {words[0]: words[-2] for words in lines_of(run("parts", path).stdout, "noop")}
    assert rests == {"cext": "0.0", "cext_nogil": "≠9.0"}


def test_parts_as_json_have_every_interval(run: Run, parts_file: Path) -> None:
    rows = json.loads(run("parts", parts_file, "--json", "--kernel", "saxpy").stdout)
    kinds = [row["kind"] for row in rows]
    assert {kind: kinds.count(kind) for kind in dict.fromkeys(kinds)} == {
        "decomposition": 14, "transition": 6, "comparison": 3,
    }  # fmt: skip
    one = next(row for row in rows if row.get("id") == "saxpy/8/cffi_api/fresh/host/per_call")
    assert list(one["parts_ns"]) == ["work", "dispatch", "arguments", "conversion", "GIL"]
    sums = sum(part[0] for part in one["parts_ns"].values()) + one["residual_ns"][0]
    assert sums == pytest.approx(one["whole_ns"][0], abs=1e-6)
    assert one["adds_up"] is True
    assert one["interaction_ns"][1] <= one["interaction_ns"][0] <= one["interaction_ns"][2]
    assert {row["kernel"] for row in rows if "kernel" in row} == {"saxpy"}


def test_strategies_stand_in_the_tables(run: Run, parts_file: Path) -> None:
    text = run("strategies", parts_file).stdout
    (times,) = lines_of(text, "noop: ns per call")
    assert times[:2] == ["ctypes", "replayed"]
    assert [float(word) for word in times[2:7]] == pytest.approx([47, 54, 9, 4.5, 3], rel=0.02)
    assert times[7] == "3"  # 50 / (47 / 2 - 4) = 2.6
    (saved,) = lines_of(text, "noop: what it saves")
    assert [float(word) for word in saved[2:5]] == pytest.approx([50, 4, 1], rel=0.03)
    assert [float(word) for word in saved[5:8]] == pytest.approx([38, 38, 39.6], rel=0.03)
    grouped, ordered = lines_of(text, "A shuffled list, replayed by one crossing")
    assert grouped[:3] == ["ctypes", "1,000", "grouped"]
    assert ordered[:4] == ["ctypes", "1,000", "as", "recorded"]
    (fused,) = lines_of(text, "dense_relu, size 16, fresh, host: fused")
    assert fused[0] == "cext"
    assert "known before any batch was measured" in text.replace("\n", " ")


def test_strategies_as_json_have_every_number_of_calls(run: Run, parts_file: Path) -> None:
    rows = {row["kind"]: row for row in json.loads(run("strategies", parts_file, "--json").stdout)}
    assert list(rows) == ["amortisation", "mixture", "fusion"]
    assert [row["calls"] for row in rows["amortisation"]["by_calls"]] == [1, 10, 100]
    assert rows["amortisation"]["halved_at"]["verdict"] == "somewhere"
    assert rows["mixture"]["added_ns"][0] == pytest.approx(50 / 1000 + 1, rel=0.02)
    assert rows["fusion"]["saved_ns"][0] == pytest.approx(2 * (520 + 3), rel=0.02)


@pytest.mark.parametrize("command", ["parts", "strategies"])
def test_filters_choose_and_refuse(run: Run, parts_file: Path, command: str) -> None:
    rung = "ctypes" if command == "strategies" else "cext"
    rows: list[dict[str, Any]] = json.loads(run(command, parts_file, "--json", "--rung", rung).stdout)
    assert {row["rung"] for row in rows if "rung" in row} == {rung}
    done = run(command, parts_file, "--rung", "cext", "--kernel", "crc32")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "has no kernel 'crc32'; it has" in done.stderr


def test_files_without_what_is_asked_for_say_how_to_get_it(run: Run, results_file: Path, tmp_path: Path) -> None:
    done = run("parts", results_file)
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith("ffi-spectrum: no decomposition without noop: measure it, too")
    done = run("strategies", results_file)
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.endswith("measure some with `ffi-spectrum bench --profile full`\n")
    lone = tmp_path / "lone.jsonl"
    results = invented({("noop", 0): single_cases("noop", 0, ("python",))}, boundary)
    for record in results.processes:
        record.cases[0] = type(record.cases[0])(record.cases[0].case, record.cases[0].series)
    write(results, lone)
    assert run("parts", lone).stderr.endswith(
        "has no single call with a far side: measure one with `ffi-spectrum bench`\n"
    )


def test_kin_are_rungs_and_kernels_that_differ_in_one_thing() -> None:
    for typed, untyped in kinship.UNTYPED.items():
        assert rung_class(typed).info.gil == rung_class(untyped).info.gil == "released"
    for stock, fast in kinship.FAST.items():
        assert {stock, fast} <= set(RUNGS)
        assert rung_class(stock).info.gil == rung_class(fast).info.gil
        assert rung_class(stock).info.cells == rung_class(fast).info.cells
    assert set(kinship.COMPARED) <= set(TWINS)
    alike = kinship.alike_kernels()
    assert alike["add"] == "args2"
    assert all(alike[other] != other and KERNELS[other].is_scalar for other in alike)


@pytest.mark.parametrize(
    ("id", "crossings"),
    [
        ("saxpy/8/wasmtime_fast/fresh/host/per_call", 5), ("crc32/8/wasmtime/fresh/host/per_call", 3),
        ("saxpy/8/wasmtime_fast/fresh/guest/per_call", 1), ("saxpy/8/wasmtime_fast/prebound/host/per_call", 1),
        ("saxpy/8/ctypes/fresh/host/per_call", 1), ("other/8/wasmtime/fresh/host/per_call", 1),
        ("saxpy/8/other/fresh/host/per_call", 1),
    ],
)  # fmt: skip
def test_fresh_host_data_takes_several_crossings_into_a_guest(id: str, crossings: int) -> None:
    assert kinship.crossings(Case.from_id(id)) == crossings


def test_steps_have_the_dimensions_of_what_fuses_them() -> None:
    cells = [("dense_relu", 1000), ("matmul", 1000), ("bias_add", 1000), ("relu", 1000), ("relu", 992), ("noop", 0)]
    assert kinship.fused_steps(cells) == {("dense_relu", 1000): [("matmul", 1000), ("bias_add", 1000), ("relu", 992)]}
    assert kinship.fused_steps([cell for cell in cells if cell != ("relu", 992)]) == {}
