"""Appending to results files; what was written once is never lost or rewritten."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ffi_spectrum.errors import ResultsError
from ffi_spectrum.results.lines import refuse_compressed
from ffi_spectrum.results.record import RunRecord
from ffi_spectrum.results.store import Results, is_cut_run, read_results

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

# What must be the same for two processes to belong to one run: by fingerprint, and nothing that passes.
SAME_MACHINE = (
    "cpu", "machine", "system", "hypervisor", "microcode", "governor", "turbo", "smt", "aslr",
    "python", "implementation", "python_build", "gil", "packages",
)  # fmt: skip


class Writer:
    """Appends records to a locked results file, each on disk before the next measurement starts."""

    def __init__(self, path: Path) -> None:
        self.path = path
        refuse_compressed(path)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            # unbuffered: what a full disk refused must not be tried again when the file is closed
            self._file = path.open("ab", buffering=0)
        except OSError as error:
            raise ResultsError(f"{path} cannot be written: {error.strerror}; choose another --out") from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._file.close()
            raise ResultsError(f"{path} is being written by another bench; wait for it, or use another --out") from None

    def truncate(self, nbytes: int) -> None:
        """Cut off what a killed bench left of its last line."""
        os.ftruncate(self._file.fileno(), nbytes)

    def append(self, record: DataclassInstance) -> None:
        """Write one record; raises ResultsError where the disk refuses."""
        row: dict[str, Any] = asdict(record)
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


def check_writable(path: Path, plan_sha256: str) -> None:
    """Raise ResultsError before any work where `path` cannot hold the results of this plan."""
    refuse_compressed(path)
    try:
        exists = path.exists()
        if exists and not path.is_file():
            raise ResultsError(f"{path} is not a regular file; choose another --out")
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab"):
            pass
        if not exists:
            path.unlink()
            return
        content = path.read_bytes()
    except OSError as error:
        raise ResultsError(f"{path} cannot be written: {error.strerror}; choose another --out") from error
    if content and not is_cut_run(content):
        refuse_other(path, "plan", read_results(path).run.plan_sha256, plan_sha256)


def open_results(path: Path, run: RunRecord) -> tuple[Results, Writer]:
    """Start `path`, or resume it, holding its lock.

    Raises ResultsError where another bench has it, or where it holds another plan, library, machine or Python.
    """
    writer = Writer(path)
    try:
        content = path.read_bytes() if path.is_file() else b""
        if not content or is_cut_run(content):
            if content:
                writer.truncate(0)
            writer.append(run)
            return Results(run), writer
        results = read_results(path)
        refuse_other(path, "plan", results.run.plan_sha256, run.plan_sha256)
        refuse_other(path, "library", results.run.library_sha256, run.library_sha256)
        refuse_other_machine(path, results.run.fingerprint, run.fingerprint)
        writer.truncate(results.nbytes_whole)
    except ResultsError:
        writer.close()
        raise
    return results, writer


def refuse_other_machine(path: Path, held: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    """Raise ResultsError where the fingerprints are not those of one machine and Python."""
    for name in SAME_MACHINE:
        refuse_other(path, name, held.get(name), wanted.get(name))


def refuse_other(path: Path, what: str, held: object, wanted: object) -> None:
    """Raise ResultsError where the file holds another `what` than is wanted."""
    if held != wanted:
        raise ResultsError(f"{path} holds a run with another {what}: use another --out, or give the same options")
