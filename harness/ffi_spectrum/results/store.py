"""Reading and appending results files; what was written once is never lost or rewritten."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import cattrs

from ffi_spectrum.errors import ResultsError
from ffi_spectrum.results.record import (
    OVERHEAD_POLICY,
    SCHEMA,
    CaseRecord,
    ProcessRecord,
    ProofRecord,
    Record,
    RunRecord,
)

_KINDS: dict[str, type[Any]] = {
    "run": RunRecord,
    "process": ProcessRecord,
    "case": CaseRecord,
    "proof": ProofRecord,
}
_converter = cattrs.Converter(forbid_extra_keys=True)


@dataclass(slots=True)
class Results:
    """The content of one results file; `nbytes_whole` is where its last complete line ends."""

    run: RunRecord
    processes: list[ProcessRecord] = field(default_factory=list)
    cases: list[CaseRecord] = field(default_factory=list)
    proofs: list[ProofRecord] = field(default_factory=list)
    nbytes_whole: int = 0

    def add(self, record: Record) -> None:
        if isinstance(record, ProcessRecord):
            self.processes.append(record)
        elif isinstance(record, CaseRecord):
            self.cases.append(record)
        else:
            self.proofs.append(record)


def structure(row: Any) -> RunRecord | Record:
    """Turn one decoded JSON line into its record; raises ResultsError where it is not one."""
    kind = row.get("kind") if isinstance(row, dict) else None
    if not isinstance(kind, str) or kind not in _KINDS:
        raise ResultsError(f"unknown kind of line {kind!r}")
    try:
        record: RunRecord | Record = _converter.structure(row, _KINDS[kind])
    except (cattrs.BaseValidationError, ValueError, TypeError) as error:
        details = cattrs.transform_error(error) if isinstance(error, Exception) else [str(error)]
        raise ResultsError("; ".join(details)) from error
    return record


def read_results(path: Path) -> Results:
    """Read a file; raises ResultsError naming the line that is damaged, or the schema that differs.

    A last line without its newline is what a killed writer leaves: it is passed over.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ResultsError(f"{path} cannot be read: {error.strerror}") from error
    whole = content.rfind(b"\n") + 1
    lines = content[:whole].splitlines()
    if not lines:
        raise ResultsError(f"{path} holds no results; run `ffi-spectrum bench --out {path}`")
    run = _parse(path, 1, lines[0])
    if not isinstance(run, RunRecord):
        raise ResultsError(f"{path}, line 1: a results file starts with the line of its run")
    results = Results(run, nbytes_whole=whole)
    for number, line in enumerate(lines[1:], 2):
        record = _parse(path, number, line)
        if isinstance(record, RunRecord):
            raise ResultsError(f"{path}, line {number}: a second run in one file; keep one run per file")
        results.add(record)
    return results


def _parse(path: Path, number: int, line: bytes) -> RunRecord | Record:
    try:
        row = json.loads(line)
    except ValueError as error:
        raise ResultsError(
            f"{path}, line {number} is damaged ({error}); use another --out, or remove the line"
        ) from error
    if isinstance(row, dict) and row.get("kind") == "run":
        schema, policy = row.get("schema"), row.get("overhead_policy")
        if schema != SCHEMA:
            raise ResultsError(f"{path} has schema {schema}, this version reads {SCHEMA}: measure again")
        if policy != OVERHEAD_POLICY:
            raise ResultsError(f"{path} was made under another overhead policy ({policy}): measure again")
    try:
        return structure(row)
    except ResultsError as error:
        raise ResultsError(f"{path}, line {number}: {error}") from error


class Writer:
    """Appends records to a results file, each flushed to disk before the next measurement starts."""

    def __init__(self, path: Path, run: RunRecord, resumed: Results | None) -> None:
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            # unbuffered: what a full disk refused must not be tried again when the file is closed
            self._file = path.open("ab", buffering=0)
            if resumed is not None:
                os.truncate(path, resumed.nbytes_whole)
        except OSError as error:
            raise ResultsError(f"{path} cannot be written: {error.strerror}; choose another --out") from error
        if resumed is None:
            self._append(asdict(run))

    def append(self, record: Record) -> None:
        """Write one record; raises ResultsError where the disk refuses."""
        self._append(asdict(record))

    def _append(self, row: dict[str, Any]) -> None:
        try:
            left = memoryview(json.dumps(row, separators=(",", ":")).encode() + b"\n")
            while left:
                left = left[self._file.write(left) :]
            os.fsync(self._file.fileno())
        except OSError as error:
            self._file.close()
            raise ResultsError(f"{self.path} cannot be written ({error.strerror}); what it holds is whole") from error

    def close(self) -> None:
        self._file.close()


def check_writable(path: Path) -> None:
    """Raise ResultsError where `path` cannot hold results: unwritable, or a file that is not ours."""
    if path.exists() and path.stat().st_size:
        read_results(path)
    existed = path.exists()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab"):
            pass
        if not existed:
            path.unlink()
    except OSError as error:
        raise ResultsError(f"{path} cannot be written: {error.strerror}; choose another --out") from error


def open_results(path: Path, run: RunRecord) -> tuple[Results, Writer]:
    """Start `path`, or resume it; raises ResultsError where it holds another plan, library or machine."""
    resumed = None
    if path.exists() and path.stat().st_size:
        resumed = read_results(path)
        for name in ("plan_sha256", "library_sha256"):
            if getattr(resumed.run, name) != getattr(run, name):
                what = name.removesuffix("_sha256")
                raise ResultsError(
                    f"{path} holds a run with another {what}: use another --out, or give the same options"
                )
    return resumed or Results(run), Writer(path, run, resumed)
