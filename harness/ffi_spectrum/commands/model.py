"""`model`: a results file's costs as a few numbers per rung, what they say of rungs, and whether they predict."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ffi_spectrum.analysis.advantage import advantages
from ffi_spectrum.analysis.estimate import FLOOR
from ffi_spectrum.analysis.model import PAYLOAD, WORK, Way, build_model
from ffi_spectrum.analysis.model_check import Score, check_model
from ffi_spectrum.commands.screen import Screen
from ffi_spectrum.commands.selection import refuse_absent
from ffi_spectrum.commands.sheets import show_sheets
from ffi_spectrum.errors import ResultsError
from ffi_spectrum.kernels.table import KERNELS
from ffi_spectrum.report import model as tables
from ffi_spectrum.report.model_check import LEGEND as CHECK_LEGEND
from ffi_spectrum.report.model_check import check_sheet
from ffi_spectrum.report.model_json import model_json
from ffi_spectrum.results.store import read_results

# Rungs that release the GIL, and those that are the same but hold it.
TWINS = {
    "cext_nogil": "cext",
    "cffi_api": "cffi_api_held",
    "ctypes": "ctypes_pydll",
    "wasmtime_fast_nogil": "wasmtime_fast",
}


def axis(kernel: str, size: int) -> float:
    """Where a size lies on its kernel's axis: bytes of payload, steps of work, else operations."""
    spec = KERNELS.get(kernel)
    if spec is None or not spec.dims(1):
        return float(size)
    dims = spec.dims(size)
    if kernel == PAYLOAD:
        return float(spec.nbytes(dims))
    return float(dims["steps"] if kernel == WORK else spec.operations(dims))


def read_model(path: Path, rungs: Sequence[str]) -> list[Way]:
    """The model of a results file; raises UsageError for a rung that it does not have, ResultsError without a sweep."""
    ways = build_model(read_results(path), axis)
    present = list(dict.fromkeys(way.case.rung for way in ways))
    refuse_absent(path, "rung", rungs, present)
    if not any(way.arguments or way.payload or way.work for way in ways):
        raise ResultsError(f"{path} has no sweep to fit: measure one with `ffi-spectrum bench --profile full`")
    return ways


def rows_of(ways: Sequence[Way], rungs: Sequence[str]) -> list[dict[str, Any]]:
    """What `model --json` prints: an object per way."""
    rows = model_json(ways, TWINS, advantages(ways))
    return [row for row in rows if not rungs or row["rung"] in rungs]


def show_model(screen: Screen, ways: Sequence[Way], rungs: Sequence[str]) -> None:
    """Print the tables, and what their columns mean."""
    show_sheets(screen, tables.model_sheets(ways, TWINS, rungs), (*tables.LEGEND, tables.INTERVALS))
    found = list(advantages(tables.cheapest_variants(ways)))
    chosen = rungs or [rung for rung in dict.fromkeys(way.case.rung for way in ways) if rung != FLOOR]
    show_sheets(screen, tables.break_even_sheets(found, chosen), tables.BREAK_EVEN_LEGEND)


def scores_of(ways: Sequence[Way], rungs: Sequence[str], path: Path) -> list[Score]:
    """How well the model predicts what it has not seen; raises ResultsError where nothing can be left out."""
    scores = [score for score in check_model(ways) if not rungs or score.rung in rungs]
    if not scores:
        raise ResultsError(f"{path} has no sweep of five sizes to check: `ffi-spectrum bench --profile full` has some")
    return scores


def show_check(screen: Screen, scores: Sequence[Score]) -> None:
    show_sheets(screen, [check_sheet(scores)], CHECK_LEGEND)


def misses_of(scores: Sequence[Score]) -> str:
    """One sentence that names the rungs whose predictions miss, "" where none does."""
    misses = [f"{s.rung} (median {s.median:.1%}, p95 {s.p95:.1%}, {s.refused} refused)" for s in scores if s.is_miss]
    return f"the model misses: {', '.join(misses)}" if misses else ""
