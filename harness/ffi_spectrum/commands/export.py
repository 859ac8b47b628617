"""`export`: a results file in other programs' formats."""

from __future__ import annotations

from pathlib import Path

from ffi_spectrum.report.csv_rows import to_csv
from ffi_spectrum.report.pyperf_json import to_pyperf
from ffi_spectrum.results.store import read_results

_WRITERS = {"pyperf": to_pyperf, "csv": to_csv}


def export(path: Path, format: str) -> str:
    """The content of the exported file; raises ResultsError where `path` cannot be read or has nothing to export."""
    return _WRITERS[format](read_results(path))
