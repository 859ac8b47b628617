"""`costs`: what a rung takes to build, to load and to move elsewhere."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ffi_spectrum.analysis.costs import Cost, package_costs, rung_costs
from ffi_spectrum.commands.progress import BenchProgress
from ffi_spectrum.commands.request import open_toolchain
from ffi_spectrum.commands.screen import Screen
from ffi_spectrum.commands.selection import refuse_absent
from ffi_spectrum.commands.sheets import show_sheets
from ffi_spectrum.commands.study import default_path, say_where, stopped, to_markdown
from ffi_spectrum.errors import MeasurementError
from ffi_spectrum.measure.costs import CostsOptions, Part, run_costs
from ffi_spectrum.measure.costs_worker import GUEST, LIBRARY
from ffi_spectrum.measure.portability import CLAIMS
from ffi_spectrum.measure.site import Site, find_interpreters
from ffi_spectrum.report.costs import COSTS_LEGEND, MOVES_LEGEND, cost_sheets, portability_sheet
from ffi_spectrum.report.remote import Sheet
from ffi_spectrum.results.costs import KINDS, STUDY, PortabilityRecord
from ffi_spectrum.results.study import Study, read_study
from ffi_spectrum.rungs.table import RUNGS

SHARED = (LIBRARY, GUEST)


def measure(screen: Screen, out: Path | None, cc: str, pythons: Sequence[str], **given: Any) -> tuple[Study, Path]:
    """Measure into a file, with the fields of CostsOptions; Ctrl-C passes through with what is saved."""
    options = CostsOptions(**given)
    path = out or default_path(STUDY)
    toolchain, interpreters = open_toolchain(cc), find_interpreters(pythons)
    with BenchProgress(screen.err) as progress, tempfile.TemporaryDirectory(prefix="ffi-spectrum-") as folder:
        try:
            return run_costs(options, path, Site(toolchain, Path(folder), interpreters), progress), path
        except KeyboardInterrupt:
            raise KeyboardInterrupt(stopped(path)) from None


def read(path: Path) -> Study:
    return read_study(path, STUDY, KINDS)


def costs_of(study: Study, rungs: Sequence[str]) -> list[Cost]:
    """The rungs and what they share; raises UsageError for a rung that the file lacks."""
    found = rung_costs(study.records, (*SHARED, *RUNGS))
    refuse_absent("the file", "rung", rungs, [one.subject for one in found])
    return [one for one in found if not rungs or one.subject in (*rungs, *SHARED)]


def rows_of(study: Study, rungs: Sequence[str], part: Part) -> list[dict[str, Any]]:
    """What `costs --json` prints: an object per subject, package and claim, each with its kind."""
    rows: list[dict[str, Any]] = []
    if part != "portability":
        rows += [{"kind": "cost", **one.to_json()} for one in costs_of(study, rungs)]
        rows += [{"kind": "package", **one.to_json()} for one in package_costs(study.records)]
    return rows + ([asdict(one) for one in claims_of(study)] if part != "costs" else [])


def sheets_of(study: Study, rungs: Sequence[str], part: Part) -> Iterator[Sheet]:
    """The tables; the last one is that of portability."""
    if part != "portability":
        yield from cost_sheets(costs_of(study, rungs), SHARED, package_costs(study.records))
    claims = claims_of(study)
    if claims and part != "costs":
        yield portability_sheet(claims)


def claims_of(study: Study) -> list[PortabilityRecord]:
    """In the order of the table of claims; others of the file come last."""
    places = {(claim.artifact, claim.to): place for place, claim in enumerate(CLAIMS)}
    found: list[PortabilityRecord] = study.of("portability")
    return sorted(found, key=lambda one: places.get((one.artifact, one.to), len(places)))


def show(screen: Screen, study: Study, rungs: Sequence[str], part: Part) -> None:
    """Print the tables; raises MeasurementError where there is nothing in them."""
    sheets = list(sheets_of(study, rungs, part))
    show_sheets(screen, sheets, _legend(part), _gaps(study, rungs, part))
    if not sheets:
        raise MeasurementError("nothing was measured; the reasons are above")


def markdown(study: Study, rungs: Sequence[str], part: Part) -> str:
    builds, starts = (len({one.process for one in study.of(kind)}) for kind in ("build", "start"))
    what = f"{builds} builds and {starts} processes a row" if starts and part != "portability" else "one trial a row"
    sheets = sheets_of(study, rungs, part)
    return to_markdown(study.run, what, sheets, _legend(part), _gaps(study, rungs, part))


def finish(screen: Screen, path: Path) -> None:
    say_where(screen, STUDY, path)


def _legend(part: Part) -> tuple[str, ...]:
    return (*(COSTS_LEGEND if part != "portability" else ()), *(MOVES_LEGEND if part != "costs" else ()))


def _gaps(study: Study, rungs: Sequence[str], part: Part) -> list[str]:
    """What could not be done, a line per reason."""
    found: dict[str, dict[str, list[str]]] = {}
    for one in study.of("absent"):
        is_claim = one.what == "portability"
        is_shown = part != "costs" if is_claim else part != "portability"
        if is_shown and (is_claim or not rungs or one.subject in rungs):
            found.setdefault(one.reason, {}).setdefault(one.subject, []).append(one.what)
    order = {name: place for place, name in enumerate(RUNGS)}
    lines = []
    for reason, subjects in found.items():
        names = sorted(subjects, key=lambda name: order.get(name, len(order)))
        lines.append(f"missing: {', '.join(names)} ({', '.join(sorted(subjects[names[0]]))}): {reason}")
    return lines
