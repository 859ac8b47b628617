"""Tables for the terminal, laid out for the width at hand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from ffi_spectrum.analysis.estimate import Estimate
from ffi_spectrum.report.gaps import Gap, gaps_of
from ffi_spectrum.report.rows import Checks, Panel, Row, legend_of, panels_of

# Narrower than WIDE, "±" replaces the two interval columns; narrower than MEDIUM, a line per tier replaces "checks".
WIDE, MEDIUM = 128, 98


def spectrum(estimates: Iterable[Estimate], checks: Checks, width: int) -> Iterator[RenderableType]:
    """Everything that `bench` and `show` print: a table per kernel and size, the legend, the gaps."""
    everything = list(estimates)
    for panel in panels_of(everything, checks):
        yield panel_table(panel, width)
    legend = legend_of(everything, is_compact=width < WIDE)
    if legend:
        yield Text()
        yield from (_note(line) for line in legend)
    gaps = gaps_of(everything)
    if gaps:
        yield gap_list(gaps)


def panel_table(panel: Panel, width: int) -> RenderableType:
    """One table: a section per form, a row per case."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for number, (header, is_text) in enumerate(_columns(width)):
        table.add_column(header, justify="left" if is_text else "right", no_wrap=number > 0, overflow="fold")
    for form, rows in panel.forms.items():
        table.add_row(Text(form, style="bold"))
        for row in rows:
            table.add_row(*_cells(row, width))
    parts: list[RenderableType] = [Text(), Text(panel.title, style="bold"), table]
    if width < MEDIUM:
        parts += [_note(line) for line in _checks_lines(panel)]
    return Group(*parts)


def _columns(width: int) -> list[tuple[str, bool]]:
    if width < MEDIUM:
        names = ["place-\nment", "time\nper call", "\nboundary", "times\nfloor", "times\nPython"]
    elif width < WIDE:
        names = ["\nplacement", "time\nper call", "\nboundary", "times\nfloor", "times\nPython call", "\nchecks"]
    else:
        names = ["\nplacement", "\ntime per call", "95 %\ninterval", "\nboundary", "95 %\ninterval"]
        names += ["times\nfloor", "times\nPython call", "\nchecks"]
    text = ("", "place-\nment", "\nplacement", "\nchecks")
    return [(name, name in text) for name in ["", *names]]


def _cells(row: Row, width: int) -> list[str]:
    way = f"{'~' if row.is_imprecise else ' '} {row.way}"
    if width >= WIDE:
        times = [row.call.time, row.call.interval, row.boundary.time, row.boundary.interval]
    else:
        times = [row.call.compact, row.boundary.compact]
    cells = [way, row.placement, *times, row.to_floor, row.to_python_call]
    return cells if width < MEDIUM else [*cells, row.checks]


def _checks_lines(panel: Panel) -> list[str]:
    """The rungs of each tier, for tables that have no room for the column."""
    rows = {row.way.partition(".")[0].partition(" ")[0]: row.checks for rows in panel.forms.values() for row in rows}
    tiers: dict[str, list[str]] = {}
    for rung, tier in rows.items():
        tiers.setdefault(tier, []).append(rung)
    return [f"{tier}: {', '.join(rungs)}" for tier, rungs in tiers.items()]


def gap_list(gaps: Iterable[Gap]) -> RenderableType:
    """What was not measured, under one heading per status."""
    parts: list[RenderableType] = []
    for status, members in groupby(sorted(gaps, key=lambda gap: gap.status), key=lambda gap: gap.status):
        parts += [Text(), Text(status, style="bold")]
        parts += [Padding(Text(f"{gap.subject}: {gap.reason}"), (0, 0, 0, 2), expand=False) for gap in members]
    return Group(*parts)


def _note(line: str) -> Text:
    return Text(line, style="dim")
