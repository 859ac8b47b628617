"""Files of `threads` and `costs`: what was written is read back, and what does not belong is refused and left alone."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from ffi_spectrum.errors import ResultsError
from ffi_spectrum.results.costs import KINDS, PackageRecord, PortabilityRecord
from ffi_spectrum.results.study import AbsentRecord, StudyRun, open_study, read_study

RUN = StudyRun("costs", {"cc": "zig"}, {"cpu": "any", "packages": {"numpy": "2.4"}}, "2026-11-24T12:00:00", "0.1.0")
PACKAGE = PackageRecord("cffi", 0, 0.0015, 524_288, 720_000)
CLAIM = PortabilityRecord("ffis.wasm", "another CPU", "yes", True, "run")
ABSENT = AbsentRecord("start", "grpc", "the package grpcio is not installed")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "costs.jsonl"
    _, writer = open_study(path, RUN, KINDS)
    for record in (PACKAGE, CLAIM, ABSENT):
        writer.append(record)
    writer.close()
    return path


def test_records_are_read_back_as_they_were_written(file: Path) -> None:
    study = read_study(file, "costs", KINDS)
    assert study.run == RUN
    assert study.records == [PACKAGE, CLAIM, ABSENT]
    assert study.of("package") == [PACKAGE]
    assert [record.key for record in study.records] == [
        ("package", "cffi", 0),
        ("portability", "ffis.wasm to another CPU", 0),
        ("start", "grpc", -1),
    ]


def test_a_torn_last_line_is_passed_over_and_cut_off_when_the_file_goes_on(file: Path) -> None:
    whole = file.read_bytes()
    file.write_bytes(whole + b'{"subject":"numpy","pro')
    assert read_study(file, "costs", KINDS).records == [PACKAGE, CLAIM, ABSENT]
    study, writer = open_study(file, RUN, KINDS)
    writer.append(replace(PACKAGE, process=1))
    writer.close()
    assert study.records == [PACKAGE, CLAIM, ABSENT]
    assert file.read_bytes().startswith(whole + b'{"subject":"cffi","process":1')


def test_a_file_that_was_cut_in_its_first_line_starts_again(file: Path) -> None:
    file.write_bytes(json.dumps(asdict(RUN), separators=(",", ":")).encode()[:40])
    study, writer = open_study(file, RUN, KINDS)
    writer.close()
    assert (study.records, read_study(file, "costs", KINDS).run) == ([], RUN)


@pytest.mark.parametrize(
    ("run", "what"),
    [
        (replace(RUN, options={"cc": "gcc"}), "cc"),
        (replace(RUN, options={"cc": "zig", "sources": "1"}), "sources"),
        (replace(RUN, fingerprint={"cpu": "another"}), "cpu"),
        (replace(RUN, fingerprint={"cpu": "any", "packages": {"numpy": "2.5"}}), "packages"),
    ],
)
def test_other_options_or_machines_are_refused_and_the_file_is_left_alone(file: Path, run: StudyRun, what: str) -> None:
    before = file.read_bytes()
    with pytest.raises(ResultsError, match=f"holds a run with another {what}"):
        open_study(file, run, KINDS)
    assert file.read_bytes() == before
    open_study(file, RUN, KINDS)[1].close()  # the lock was let go


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"{", "line 5 is damaged"),
        (b'{"kind":"threads"}', "line 5: unknown kind of line 'threads'; expected build, "),
        (b"[]", "line 5: unknown kind of line None"),
        (
            b'{"subject":"a","process":0,"import_s":1,"rss_nbytes":1,"nbytes":1,"more":1,"kind":"package"}',
            "line 5: extra",
        ),
        (b'{"subject":"a","kind":"package"}', "line 5: required field missing"),
    ],
    ids=["damaged", "unknown", "no object", "extra", "missing"],
)
def test_a_line_that_is_no_record_is_named(file: Path, line: bytes, message: str) -> None:
    file.write_bytes(file.read_bytes() + line + b"\n")
    with pytest.raises(ResultsError, match=message):
        read_study(file, "costs", KINDS)


def test_a_file_of_something_else_is_refused_and_left_alone(tmp_path: Path, file: Path) -> None:
    with pytest.raises(ResultsError, match="holds costs, schema 1; this reads threads, schema 1"):
        read_study(file, "threads", {})
    other = tmp_path / "notes.txt"
    for content in (b"a line without end", b"a line\n", b'{"plan":{}}\n'):
        other.write_bytes(content)
        with pytest.raises(ResultsError):
            open_study(other, RUN, KINDS)
        assert other.read_bytes() == content
    with pytest.raises(ResultsError, match="cannot be read"):
        read_study(tmp_path / "none", "costs", KINDS)


def test_a_file_serves_one_writer_at_a_time(file: Path) -> None:
    _, writer = open_study(file, RUN, KINDS)
    with pytest.raises(ResultsError, match="is being written"):
        open_study(file, RUN, KINDS)
    writer.close()
