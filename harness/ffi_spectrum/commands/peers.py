"""`peers`: the same pair by pyperf, by pytest-benchmark and by this harness."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

from rich.console import RenderableType
from rich.text import Text

from ffi_spectrum.commands.request import open_toolchain
from ffi_spectrum.commands.screen import Screen
from ffi_spectrum.report.table import bare_table
from ffi_spectrum.validation.peers import RATIO_TARGET, PeerRow, PeerTable, compare_peers
from ffi_spectrum.validation.subjects import build_subjects

LEGEND = (
    "range: largest less smallest difference (ctypes no-op minus Python no-op) over the runs, its middle value in "
    "brackets. wall: of the pair, median over the runs.",
    "A/A: identical code called different by the tool's own test at 5 %; pytest-benchmark has none. to 1 ns: wall "
    "time to a 95 % interval that wide; extrapolated: from pyperf's standard error, its values taken as independent.",
)


def run_peers(
    screen: Screen, runs: int, seconds: float, seed: int, is_json: bool, cc: str, defaults: bool = False
) -> None:
    """Measure and print the table, or JSON; progress goes to standard error.

    Raises UsageError where a peer is not installed, BuildError and Unavailable where the pair cannot be built, and
    MeasurementError where a tool fails.
    """
    toolchain = open_toolchain(cc)
    screen.err.print(f"{runs} runs of {seconds:g} s for each tool; seed {seed}")
    with tempfile.TemporaryDirectory(prefix="ffi-spectrum-") as scratch:
        subjects = build_subjects(toolchain, Path(scratch))
        table = compare_peers(subjects, runs, seed, lambda line: screen.err.print(line), seconds, defaults)
    if is_json:
        screen.out.print(json.dumps(table.to_json(), indent=2), soft_wrap=True)
        return
    for part in peer_table(table):
        screen.out.print(part)


def peer_table(table: PeerTable) -> Iterator[RenderableType]:
    """A row per tool, the ratio with its target, then what the columns mean."""
    grid = bare_table()
    for header in ("tool", "settings"):
        grid.add_column(header, overflow="fold")
    for header in ("range of means", "range of medians", "wall", "A/A", "to 1 ns"):
        grid.add_column(header, justify="right", no_wrap=True)
    for row in table.rows:
        grid.add_row(*_cells(row))
    yield grid
    yield Text()
    is_met = table.ratio >= RATIO_TARGET
    verdict = Text("met" if is_met else "not met", style="bold green" if is_met else "bold red")
    yield Text(f"{table.ratio:.1f} times tighter than the best peer at equal wall time, ").append_text(
        Text(f"target {RATIO_TARGET:g}: ").append_text(verdict)
    )
    for line in LEGEND:
        yield Text(line, style="dim")


def _cells(row: PeerRow) -> list[str]:
    to_1ns = "" if row.to_1ns_s is None else f"{row.to_1ns_s:,.3g} s {row.to_1ns_by}"
    return [
        row.tool, row.settings, f"{row.mean_range_ns:.2f} ({row.mean_ns:.1f}) ns",
        f"{row.median_range_ns:.2f} ({row.median_ns:.1f}) ns", f"{row.wall_s:.1f} s", row.aa, to_1ns,
    ]  # fmt: skip
