"""Reading and appending results files; what was written once is never lost or rewritten."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ffi_spectrum.errors import ResultsError
from ffi_spectrum.results import lines
from ffi_spectrum.results.record import (
    OVERHEAD_POLICY,
    SCHEMA,
    CaseRecord,
    ProcessRecord,
    ProofRecord,
    Record,
    RunRecord,
    group_of,
)

_KINDS: lines.Kinds = {
    "run": RunRecord,
    "process": ProcessRecord,
    "case": CaseRecord,
    "proof": ProofRecord,
}


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
            if not any((p.panel, p.process) == (record.panel, record.process) for p in self.processes):
                self.processes.append(record)  # a second one would count as another, independent process
        elif isinstance(record, CaseRecord):
            self.cases.append(record)
        else:
            self.proofs.append(record)

    @property
    def left_out(self) -> set[str]:
        """Ids of cases that failed or were skipped; one that was once unavailable may have been measured later."""
        return {record.case.id for record in self.cases if record.status != "unavailable"}

    @property
    def first_groups(self) -> dict[str, str]:
        """Of a case in panels of several groups, as an anchor is, the group that the plan names first, by case id."""
        found: dict[str, str] = {}
        for panel, ids in self.run.plan["panels"].items():
            for id in ids:
                found.setdefault(id, group_of(panel))
        return found

    def by_panel(self) -> dict[str, list[ProcessRecord]]:
        """The processes of every panel that has some, in the order of the plan."""
        panels: dict[str, list[ProcessRecord]] = {panel: [] for panel in self.run.plan["panels"]}
        for record in self.processes:
            panels.setdefault(record.panel, []).append(record)
        return {panel: records for panel, records in panels.items() if records}


def structure(row: Any) -> RunRecord | Record:
    """Turn one decoded JSON line into its record; raises ResultsError where it is not one."""
    record: RunRecord | Record = lines.structure(row, _KINDS)
    _validate(record)
    return record


def _validate(record: RunRecord | Record) -> None:
    """Raise ResultsError for what has the right shape and yet cannot be a result."""
    if isinstance(record, RunRecord) and not {"panels", "profile"} <= set(record.plan):
        raise ResultsError("its plan has no panels or no profile")
    if not isinstance(record, ProcessRecord):
        return
    missing = {"empty", "python_call"} - set(record.controls)
    if missing:
        raise ResultsError(f"the control {min(missing)!r} is missing")
    everything = [row.series for row in record.cases]
    for named in (record.far, record.far_once, record.controls):
        everything += named.values()
    for series in everything:
        if series.iterations < 1 or not series.rounds or len(series.rounds) != len(series.elapsed_ns):
            raise ResultsError("a series without blocks, or with more rounds than blocks")
    unknown = {row.far for row in record.cases if row.far} - set(record.far)
    if unknown:
        raise ResultsError(f"the far side {min(unknown)!r} is missing")


def read_results(path: Path) -> Results:
    """Read a file; raises ResultsError naming the line that is damaged, or the schema that differs.

    A last line without its newline is what a killed writer leaves: it is passed over.
    """
    whole, rest = lines.read_lines(path)
    if not whole:
        what = "holds no results yet" if not rest or is_cut_run(rest) else "is not a results file"
        raise ResultsError(f"{path} {what}; `ffi-spectrum bench` makes one")
    first, *others = whole.splitlines()
    run = _parse(path, 1, first)
    if not isinstance(run, RunRecord):
        raise ResultsError(f"{path}, line 1: a results file starts with the line of its run")
    results = Results(run, nbytes_whole=len(whole))
    for number, line in enumerate(others, 2):
        record = _parse(path, number, line)
        if isinstance(record, RunRecord):
            raise ResultsError(f"{path}, line {number}: a second run in one file; keep one run per file")
        results.add(record)
    return results


def is_cut_run(content: bytes) -> bool:
    """True for what a bench leaves that was killed while it wrote its very first line."""
    return lines.is_cut_header(content, "plan")


def _parse(path: Path, number: int, line: bytes) -> RunRecord | Record:
    row = lines.decode(path, number, line)
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
