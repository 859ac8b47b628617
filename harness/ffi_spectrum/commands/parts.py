"""`parts`: where the time of each call goes, from a results file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ffi_spectrum.analysis.decomposition import Decomposition, decompose, shares
from ffi_spectrum.analysis.paired import paired_panels
from ffi_spectrum.analysis.transition import Comparison, Transition, compare_transitions, transitions
from ffi_spectrum.commands.kinship import COMPARED, kinship
from ffi_spectrum.commands.screen import Screen
from ffi_spectrum.commands.selection import Selection
from ffi_spectrum.commands.sheets import show_sheets
from ffi_spectrum.errors import ResultsError
from ffi_spectrum.report import parts as tables
from ffi_spectrum.report.parts_json import comparison_json, decomposition_json, transition_json
from ffi_spectrum.results.store import read_results


@dataclass(frozen=True, slots=True)
class Parts:
    """All that `parts` says of a results file."""

    decompositions: list[Decomposition]
    transitions: list[Transition]
    comparisons: list[Comparison]


def read_parts(path: Path, selection: Selection) -> Parts:
    """Raises UsageError for filters that do not fit the file, ResultsError where it has no call to take apart."""
    panels, kin = paired_panels(read_results(path)), kinship()
    found = decompose(panels, kin)
    if not found:
        raise ResultsError(f"{path} has no single call with a far side: measure one with `ffi-spectrum bench`")
    cases = set(selection.of([one.case for one in found], path))
    kernels = {(case.kernel, case.size) for case in cases}
    compared = compare_transitions(panels, kin.held, COMPARED) if not selection.rungs else []
    return Parts(
        [one for one in found if one.case in cases],
        [one for one in transitions(panels, kin.held) if one.case in cases],
        [one for one in compared if (one.left.kernel, one.left.size) in kernels],
    )


def show_parts(screen: Screen, found: Parts) -> None:
    """Print the tables, and what their columns mean."""
    show_sheets(screen, tables.part_sheets(found.decompositions), tables.LEGEND)
    show_sheets(screen, [tables.share_sheet(shares(found.decompositions))], tables.SHARES_LEGEND)
    show_sheets(screen, tables.transition_sheets(found.transitions, found.comparisons), tables.TRANSITIONS_LEGEND)


def rows_of(found: Parts) -> list[dict[str, Any]]:
    """What `parts --json` prints."""
    rows = [decomposition_json(one) for one in found.decompositions]
    rows += [transition_json(one) for one in found.transitions]
    return rows + [comparison_json(one) for one in found.comparisons]
