"""`show` and `report`: a results file, told again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ffi_spectrum.analysis.device.trials import device_trials
from ffi_spectrum.analysis.estimate import estimate_results
from ffi_spectrum.commands.request import request_of
from ffi_spectrum.commands.screen import Screen
from ffi_spectrum.commands.selection import Selection
from ffi_spectrum.commands.survey import checks_by_rung
from ffi_spectrum.errors import UsageError
from ffi_spectrum.report.excerpt import to_excerpt, to_trials
from ffi_spectrum.report.html import to_html
from ffi_spectrum.report.markdown import to_markdown
from ffi_spectrum.report.table import spectrum
from ffi_spectrum.results.store import read_results

SUFFIXES = (".md", ".html")


def show(screen: Screen, path: Path, selection: Selection) -> None:
    """Print the tables of a results file; raises UsageError for filters that do not fit it."""
    results = read_results(path)
    estimates = selection.of(estimate_results(results), path)
    for part in spectrum(estimates, checks_by_rung(), screen.out.width, device_trials(results)):
        screen.out.print(part)


def rows_of(path: Path, selection: Selection) -> list[dict[str, Any]]:
    """What `show --json` prints: one object per case."""
    return [estimate.to_json() for estimate in selection.of(estimate_results(read_results(path)), path)]


def report(path: Path, out: Path | None, selection: Selection, excerpt: str = "") -> str:
    """The report of a results file, or its "tables", "sheets" or "trials" alone; HTML where `out` ends in .html.

    Raises UsageError for another suffix than those of SUFFIXES, and for filters that do not fit the file.
    """
    if out is not None and out.suffix not in SUFFIXES:
        raise UsageError(f"{out} must end in {' or '.join(SUFFIXES)}: the suffix selects the format")
    results = read_results(path)
    estimates = selection.of(estimate_results(results), path)
    if excerpt == "trials":
        markdown = to_trials(results.run, estimates, device_trials(results))
    elif excerpt:
        markdown = to_excerpt(results.run, estimates, checks_by_rung(), has_rows=excerpt == "tables")
    else:
        command = f"ffi-spectrum {request_of(results.run).command()}"
        markdown = to_markdown(results.run, estimates, checks_by_rung(), command, device_trials(results))
    return to_html(markdown, f"ffi-spectrum: {path.name}") if out is not None and out.suffix == ".html" else markdown


def save(text: str, out: Path) -> None:
    """Write a report; raises UsageError where that is impossible."""
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{out} cannot be written: {error.strerror}; choose another --out") from error
