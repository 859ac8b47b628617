"""`compare`: two results files, and whether the second is slower."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ffi_spectrum.analysis.comparison import Comparison, compare_results, warnings_of
from ffi_spectrum.commands.screen import Screen
from ffi_spectrum.report.comparison import comparison_table
from ffi_spectrum.results.store import read_results


def compare(screen: Screen, a: Path, b: Path, margin_ns: float | None) -> list[Comparison]:
    """The comparison of two files, with warnings on standard error; raises ResultsError where they do not compare."""
    left, right = read_results(a), read_results(b)
    rows = compare_results(left, right, margin_ns)
    for sentence in warnings_of(left, right):
        screen.err.print(f"warning: {sentence}", soft_wrap=True)
    return rows


def print_comparison(screen: Screen, rows: Sequence[Comparison], is_scatter: bool) -> None:
    for part in comparison_table(rows, is_scatter):
        screen.out.print(part)


def slower_of(rows: Sequence[Comparison]) -> str:
    """One sentence that names the cases which B made slower, each with its figure; "" where none is."""
    slower = [f"{row.id} by {row.difference_ns:.3g} ns" for row in rows if row.verdict == "SLOWER"]
    return f"slower: {', '.join(slower)}" if slower else ""
