"""Tables that are text already, on the screen."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.text import Text

from ffi_spectrum.commands.screen import Screen
from ffi_spectrum.report.remote import Sheet
from ffi_spectrum.report.table import sheet_table


def show_sheets(screen: Screen, sheets: Iterable[Sheet], legend: Sequence[str], gaps: Sequence[str] = ()) -> None:
    """Print the sheets that have rows and, if there is one, what their columns mean; then what is missing."""
    shown = [sheet for sheet in sheets if sheet.rows]
    for sheet in shown:
        screen.out.print(sheet_table(sheet))
    if shown:
        screen.out.print()
        for line in legend:
            screen.out.print(Text(line, style="dim"))
    for line in gaps:
        screen.out.print(Text(line))
