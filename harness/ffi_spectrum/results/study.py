"""JSON lines of what is measured beside the spectrum: a header, then a record per fresh process."""

from __future__ import annotations

from dataclasses import Field, dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol, TypeAlias

from ffi_spectrum.errors import ResultsError
from ffi_spectrum.results import lines
from ffi_spectrum.results.writer import Writer, refuse_other, refuse_other_machine

STUDY_SCHEMA = 1
Key: TypeAlias = tuple[str, str, int]


class StudyRecord(Protocol):
    """A dataclass: one process of one subject, or why there is none."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    @property
    def key(self) -> Key:
        """What was done, to which subject, and the number of the process: unique in a file."""


@dataclass(frozen=True, slots=True)
class StudyRun:
    """The first line: `options` are those that all records of the file must share."""

    study: str
    options: dict[str, Any]
    fingerprint: dict[str, Any]
    created: str
    version: str
    schema: int = STUDY_SCHEMA
    kind: Literal["study"] = "study"


@dataclass(frozen=True, slots=True)
class AbsentRecord:
    """`what` could not be done to `subject`."""

    what: str
    subject: str
    reason: str
    kind: Literal["absent"] = "absent"

    @property
    def key(self) -> Key:
        return (self.what, self.subject, -1)


@dataclass(slots=True)
class Study:
    """The content of one file; `nbytes_whole` is where its last complete line ends."""

    run: StudyRun
    records: list[Any] = field(default_factory=list)
    nbytes_whole: int = 0

    def of(self, kind: str) -> list[Any]:
        return [record for record in self.records if record.kind == kind]


def read_study(path: Path, study: str, kinds: lines.Kinds) -> Study:
    """Read a file; raises ResultsError naming the line that is damaged, or what else the file holds.

    A last line without its newline is what a killed writer leaves: it is passed over.
    """
    whole, _ = lines.read_lines(path)
    if not whole:
        raise ResultsError(f"{path} holds no results; `ffi-spectrum {study} --out FILE` makes some")
    first, *others = whole.splitlines()
    run = _parse(path, 1, first, {"study": StudyRun})
    if (run.study, run.schema) != (study, STUDY_SCHEMA):
        raise ResultsError(f"{path} holds {run.study}, schema {run.schema}; this reads {study}, schema {STUDY_SCHEMA}")
    every = {**kinds, "absent": AbsentRecord}
    return Study(run, [_parse(path, number, line, every) for number, line in enumerate(others, 2)], len(whole))


def open_study(path: Path, run: StudyRun, kinds: lines.Kinds) -> tuple[Study, Writer]:
    """Start `path`, or go on with it, holding its lock.

    Raises ResultsError where it holds something else, other options, or another machine or Python.
    """
    writer = Writer(path)
    try:
        content = path.read_bytes()
        if not content or lines.is_cut_header(content, "study"):
            writer.truncate(0)  # what was left by a writer that was killed at its very first line
            writer.append(run)
            return Study(run), writer
        found = read_study(path, run.study, kinds)
        for name in dict.fromkeys([*found.run.options, *run.options]):
            refuse_other(path, name, found.run.options.get(name), run.options.get(name))
        refuse_other_machine(path, found.run.fingerprint, run.fingerprint)
        writer.truncate(found.nbytes_whole)
    except ResultsError:
        writer.close()
        raise
    return found, writer


def _parse(path: Path, number: int, line: bytes, kinds: lines.Kinds) -> Any:
    row = lines.decode(path, number, line)
    try:
        return lines.structure(row, kinds)
    except ResultsError as error:
        raise ResultsError(f"{path}, line {number}: {error}") from error
