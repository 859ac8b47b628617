"""A results file survives kills, refuses what does not fit, and says which line is damaged."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ffi_spectrum.case import Case
from ffi_spectrum.errors import ResultsError
from ffi_spectrum.results.record import CaseRecord, CaseSeries, ProcessRecord, ProofRecord, RunRecord, Series
from ffi_spectrum.results.store import Results, read_results
from ffi_spectrum.results.writer import check_writable, open_results

PLAN: dict[str, Any] = {"panels": {}, "profile": {}}
RUN = RunRecord(PLAN, "plan-1", "library-1", {"cpu": "x"}, {}, "2026-01-01T00:00:00+00:00", "0.1.0")
CASE = Case("crc32", 7, "ctypes", "fresh", "host", "data_as", params=(("calls", 8),))
BLOCKS = Series(5, [0, 1], [10, 11])
CONTROLS = {"empty": BLOCKS, "python_call": BLOCKS}
ROWS = [CaseSeries(CASE, BLOCKS, "ctypes")]
PROCESS = ProcessRecord("p", 3, 9, ROWS, {"ctypes": BLOCKS}, {}, CONTROLS, facts={"cpu": 1})
FAILED = CaseRecord(CASE, "failed", "died", "p")
PROOF = ProofRecord(CASE, 100, 100, 100, 100)


def write(path: Path) -> None:
    _, writer = open_results(path, RUN)
    for record in (PROCESS, FAILED, PROOF):
        writer.append(record)
    writer.close()


def test_records_come_back_as_they_were(tmp_path: Path) -> None:
    write(tmp_path / "r.jsonl")
    found = read_results(tmp_path / "r.jsonl")
    assert found.run == RUN
    assert (found.processes, found.cases, found.proofs) == ([PROCESS], [FAILED], [PROOF])


def test_processes_are_in_the_order_of_the_plan_and_a_case_is_of_its_first_group() -> None:
    plan = {"panels": {"device/add/0": ["a"], "in-process/add/0": ["a", "b"]}, "profile": {}}
    results = Results(replace(RUN, plan=plan))
    for number, panel in enumerate(("unplanned/add/0", "in-process/add/0", "device/add/0", "in-process/add/0")):
        results.add(replace(PROCESS, panel=panel, process=number))
    assert results.first_groups == {"a": "device", "b": "in-process"}
    found = {panel: [(p.process, p.group) for p in records] for panel, records in results.by_panel().items()}
    assert list(found.items()) == [
        ("device/add/0", [(2, "device")]),
        ("in-process/add/0", [(1, "in-process"), (3, "in-process")]),
        ("unplanned/add/0", [(0, "unplanned")]),
    ]
    results.add(replace(FAILED, status="unavailable"))
    assert results.left_out == set()
    results.add(FAILED)
    assert results.left_out == {CASE.id}


def test_a_line_cut_by_a_kill_is_passed_over_and_overwritten_on_resume(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    write(path)
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"kind":"process","panel":')
    results, writer = open_results(path, RUN)
    assert results.processes == [PROCESS]
    writer.append(replace(PROCESS, process=4))
    writer.close()
    assert path.read_bytes().startswith(whole)
    assert [p.process for p in read_results(path).processes] == [3, 4]


@pytest.mark.parametrize(("field", "word"), [("plan_sha256", "plan"), ("library_sha256", "library")])
def test_another_plan_or_library_is_refused(tmp_path: Path, field: str, word: str) -> None:
    path = tmp_path / "r.jsonl"
    write(path)
    before = path.read_bytes()
    changes: dict[str, Any] = {field: "other"}
    with pytest.raises(ResultsError, match=f"another {word}"):
        open_results(path, replace(RUN, **changes))
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (b"\x00\xff garbage", "line 2 is damaged"),
        (b'{"kind":"nonsense"}', "line 2: unknown kind"),
        (b'{"kind":"case","case":{}}', "line 2"),
        (b"[]", "line 2: unknown kind"),
    ],
)
def test_a_damaged_line_is_named(tmp_path: Path, line: bytes, text: str) -> None:
    path = tmp_path / "r.jsonl"
    write(path)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0] + line + b"\n" + b"".join(lines[1:]))
    with pytest.raises(ResultsError, match=text):
        read_results(path)
    with pytest.raises(ResultsError, match=text):
        check_writable(path, RUN.plan_sha256)


@pytest.mark.parametrize(("field", "value", "word"), [("schema", 99, "schema"), ("overhead_policy", "none", "policy")])
def test_another_schema_or_policy_is_refused(tmp_path: Path, field: str, value: object, word: str) -> None:
    path = tmp_path / "r.jsonl"
    write(path)
    lines = path.read_bytes().splitlines()
    path.write_bytes(json.dumps({**json.loads(lines[0]), field: value}).encode() + b"\n")
    with pytest.raises(ResultsError, match=word):
        read_results(path)


def test_a_file_without_its_run_line_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    write(path)
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[1:]))
    with pytest.raises(ResultsError, match="line 1"):
        read_results(path)


def test_unusable_places_are_refused_before_work(tmp_path: Path) -> None:
    with pytest.raises(ResultsError, match="not a regular file"):
        check_writable(tmp_path, "")
    file = tmp_path / "file"
    file.write_text("x")
    with pytest.raises(ResultsError, match="cannot be written"):
        check_writable(file / "below.jsonl", "")


@pytest.mark.parametrize("name", ["a" * 300 + ".jsonl", "/dev/null", "/proc/self/none.jsonl"])
def test_names_that_no_file_can_have_are_one_sentence(tmp_path: Path, name: str) -> None:
    with pytest.raises(ResultsError, match="choose another --out"):
        check_writable(tmp_path / name, "")


def test_two_benches_cannot_write_one_file(tmp_path: Path) -> None:
    _, first = open_results(tmp_path / "r.jsonl", RUN)
    with pytest.raises(ResultsError, match="another bench"):
        open_results(tmp_path / "r.jsonl", RUN)
    first.append(PROCESS)
    first.close()
    results, second = open_results(tmp_path / "r.jsonl", RUN)
    second.close()
    assert results.processes == [PROCESS]


def test_a_process_that_stands_twice_counts_once(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    write(path)
    path.write_bytes(path.read_bytes() + path.read_bytes().splitlines(keepends=True)[1])
    assert read_results(path).processes == [PROCESS]


def test_another_python_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    write(path)
    with pytest.raises(ResultsError, match="another python"):
        open_results(path, replace(RUN, fingerprint={"cpu": "x", "python": "3.99"}))


def test_a_first_line_cut_by_a_kill_starts_anew(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    write(path)
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(ResultsError, match="holds no results yet"):
        read_results(path)
    check_writable(path, RUN.plan_sha256)
    results, writer = open_results(path, RUN)
    writer.append(PROCESS)
    writer.close()
    assert results.processes == []
    assert read_results(path).processes == [PROCESS]


def test_somebody_elses_file_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("milk, bread")
    with pytest.raises(ResultsError, match="not a results file"):
        check_writable(path, "")
    assert path.read_text() == "milk, bread"


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"controls": {}}, "control 'empty' is missing"),
        ({"controls": {**CONTROLS, "empty": Series(0, [0], [1])}}, "without blocks"),
        ({"controls": {**CONTROLS, "empty": Series(1, [], [])}}, "without blocks"),
        ({"far": {}}, "far side 'ctypes' is missing"),
    ],
)
def test_a_process_that_cannot_be_a_result_is_named(tmp_path: Path, change: dict[str, Any], text: str) -> None:
    path = tmp_path / "r.jsonl"
    _, writer = open_results(path, RUN)
    writer.append(replace(PROCESS, **change))
    writer.close()
    with pytest.raises(ResultsError, match=f"line 2: .*{text}"):
        read_results(path)


def test_nesting_without_end_is_damage(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    path.write_bytes(b"[" * 200_000 + b"\n")
    with pytest.raises(ResultsError, match="line 1"):
        read_results(path)


def test_checking_leaves_nothing_behind(tmp_path: Path) -> None:
    check_writable(tmp_path / "new.jsonl", "")
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_one_sentence() -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("this system has no /dev/full")
    with pytest.raises(ResultsError, match=r"/dev/full cannot be written \(No space left"):
        open_results(full, RUN)
