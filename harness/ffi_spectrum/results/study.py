"""JSON lines of what is measured beside the spectrum: a header, then a record per fresh process."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import Field, dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol, TypeAlias

import cattrs

from ffi_spectrum.errors import ResultsError
from ffi_spectrum.results.writer import SAME_MACHINE, Writer, refuse_other

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


Kinds = Mapping[str, type[Any]]


@dataclass(slots=True)
class Study:
    """The content of one file; `nbytes_whole` is where its last complete line ends."""

    run: StudyRun
    records: list[Any] = field(default_factory=list)
    nbytes_whole: int = 0

    def of(self, kind: str) -> list[Any]:
        return [record for record in self.records if record.kind == kind]


def read_study(path: Path, study: str, kinds: Kinds) -> Study:
    """Read a file; raises ResultsError naming the line that is damaged, or what else the file holds.

    A last line without its newline is what a killed writer leaves: it is passed over.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ResultsError(f"{path} cannot be read: {error.strerror}") from error
    whole = content.rfind(b"\n") + 1
    lines = content[:whole].splitlines()
    if not lines:
        raise ResultsError(f"{path} holds no results; `ffi-spectrum {study} --out FILE` makes some")
    run = _parse(path, 1, lines[0], {"study": StudyRun})
    if (run.study, run.schema) != (study, STUDY_SCHEMA):
        raise ResultsError(f"{path} holds {run.study}, schema {run.schema}; this reads {study}, schema {STUDY_SCHEMA}")
    every = {**kinds, "absent": AbsentRecord}
    return Study(run, [_parse(path, number, line, every) for number, line in enumerate(lines[1:], 2)], whole)


def open_study(path: Path, run: StudyRun, kinds: Kinds) -> tuple[Study, Writer]:
    """Start `path`, or go on with it, holding its lock.

    Raises ResultsError where it holds something else, other options, or another machine or Python.
    """
    writer = Writer(path)
    try:
        content = path.read_bytes()
        if not content or (content.startswith(b'{"study":') and b"\n" not in content):
            writer.truncate(0)  # what was left by a writer that was killed at its very first line
            writer.append(run)
            return Study(run), writer
        found = read_study(path, run.study, kinds)
        for name in dict.fromkeys([*found.run.options, *run.options]):
            refuse_other(path, name, found.run.options.get(name), run.options.get(name))
        for name in SAME_MACHINE:
            refuse_other(path, name, found.run.fingerprint.get(name), run.fingerprint.get(name))
        writer.truncate(found.nbytes_whole)
    except ResultsError:
        writer.close()
        raise
    return found, writer


_converter = cattrs.Converter(forbid_extra_keys=True)


def _parse(path: Path, number: int, line: bytes, kinds: Kinds) -> Any:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ResultsError(f"{path}, line {number} is damaged ({error}); remove the line") from error
    kind = row.get("kind") if isinstance(row, dict) else None
    if not isinstance(kind, str) or kind not in kinds:
        raise ResultsError(f"{path}, line {number}: unknown kind of line {kind!r}; expected {', '.join(kinds)}")
    try:
        return _converter.structure(row, kinds[kind])
    except (cattrs.BaseValidationError, ValueError, TypeError) as error:
        details = cattrs.transform_error(error) if isinstance(error, Exception) else [str(error)]
        raise ResultsError(f"{path}, line {number}: {'; '.join(details)}") from error
