"""`strategies`: what fewer, wider crossings save, from a results file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ffi_spectrum.analysis.amortisation import Amortisation, Mixture, amortise, mixtures
from ffi_spectrum.analysis.fusion import Fusion, fuse
from ffi_spectrum.analysis.paired import paired_panels
from ffi_spectrum.commands.kinship import count_arguments, fused_steps
from ffi_spectrum.commands.screen import Screen
from ffi_spectrum.commands.selection import Selection
from ffi_spectrum.commands.sheets import show_sheets
from ffi_spectrum.errors import ResultsError
from ffi_spectrum.report import strategies as tables
from ffi_spectrum.report.strategies_json import amortisation_json, fusion_json, mixture_json
from ffi_spectrum.results.store import read_results
from ffi_spectrum.rungs.mixture import BESIDE


@dataclass(frozen=True, slots=True)
class Strategies:
    """All that `strategies` says of a results file."""

    amortisations: list[Amortisation]
    mixtures: list[Mixture]
    fusions: list[Fusion]


def read_strategies(path: Path, selection: Selection) -> Strategies:
    """Raises UsageError for filters that do not fit the file, ResultsError where it has none of the three."""
    panels = paired_panels(read_results(path))
    cells = [(panel.kernel, panel.size) for panel in panels]
    found = (amortise(panels), mixtures(panels, BESIDE), fuse(panels, fused_steps(cells), count_arguments))
    everything = [one.case for group in found for one in group]
    if not everything:
        raise ResultsError(
            f"{path} has no batch, recorded list or fused kernel beside single calls: measure some with "
            "`ffi-spectrum bench --profile full`"
        )
    cases = set(selection.of(everything, path))
    amortisations, mixed, fused = found
    return Strategies(
        [one for one in amortisations if one.case in cases],
        [one for one in mixed if one.case in cases],
        [one for one in fused if one.case in cases],
    )


def show_strategies(screen: Screen, found: Strategies) -> None:
    """Print the tables, and what their columns mean."""
    show_sheets(screen, tables.strategy_sheets(found.amortisations), tables.LEGEND)
    show_sheets(screen, tables.mixture_sheets(found.mixtures), tables.MIXTURE_LEGEND)
    show_sheets(screen, tables.fusion_sheets(found.fusions), tables.FUSION_LEGEND)


def rows_of(found: Strategies) -> list[dict[str, Any]]:
    """What `strategies --json` prints."""
    rows = [amortisation_json(one) for one in found.amortisations]
    rows += [mixture_json(one) for one in found.mixtures]
    return rows + [fusion_json(one) for one in found.fusions]
