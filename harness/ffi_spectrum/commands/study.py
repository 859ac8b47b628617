"""What `threads` and `costs` share: where results go, and how they stand on a page."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path

from ffi_spectrum.commands.screen import Screen, program
from ffi_spectrum.report.markup import plain, sheet_markdown
from ffi_spectrum.report.remote import Sheet
from ffi_spectrum.results.study import StudyRun


def default_path(study: str) -> Path:
    """results/<study>-<date>-<time>.jsonl in the current directory."""
    return Path("results") / f"{study}-{datetime.now():%Y%m%d-%H%M%S}.jsonl"


def origin(run: StudyRun, what: str) -> str:
    """When, with what and on which machine a file was made, in one line."""
    facts = run.fingerprint
    known = [
        str(facts.get("cpu") or "unknown CPU"),
        f"{facts['cpus']} CPUs" if facts.get("cpus") else "",
        "virtual machine" if facts.get("hypervisor") else "",
        str(facts.get("system", "")),
        f"{facts.get('implementation', 'Python')} {facts.get('python', '')}",
        *(f"{name} {version}" for name, version in (facts.get("packages") or {}).items() if version),
    ]
    made = f"Measured on {run.created[:10]} by ffi-spectrum {run.version}, {what}"
    return f"{made}: {', '.join(fact for fact in known if fact)}."


def to_markdown(run: StudyRun, what: str, sheets: Iterable[Sheet], legend: Sequence[str], gaps: Sequence[str]) -> str:
    """A part of a page: tables, what their columns mean, and what is missing from them."""
    notes = [f"- {plain(line)}" for line in (*legend, *gaps)]
    parts = [plain(origin(run, what)), *map(sheet_markdown, sheets), *(["\n".join(notes)] if notes else [])]
    return "\n\n".join(parts) + "\n"


def say_where(screen: Screen, study: str, path: Path) -> None:
    again = f"{program()} {study} --show {shlex.quote(str(path))}"
    screen.out.print(f"\nRaw figures are in {path}; see them again with: {again}", soft_wrap=True)


def stopped(path: Path) -> str:
    """What Ctrl-C says: everything that ended is saved."""
    return f"stopped; what was measured is in {path}: give the same options and --out {shlex.quote(str(path))} to go on"
