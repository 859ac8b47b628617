"""Tables for the terminal, laid out for the width at hand."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from ffi_spectrum.analysis.device.trials import DeviceTrials
from ffi_spectrum.analysis.estimate import Estimate
from ffi_spectrum.report.device.launches import LEGEND as DEVICE_LEGEND
from ffi_spectrum.report.device.launches import device_lines, device_sheets
from ffi_spectrum.report.device.trials import LEGEND as TRIALS_LEGEND
from ffi_spectrum.report.device.trials import trial_sheets
from ffi_spectrum.report.gaps import Gap, gaps_of
from ffi_spectrum.report.layout import LAYOUTS, Layout
from ffi_spectrum.report.remote import LEGEND as REMOTE_LEGEND
from ffi_spectrum.report.remote import Sheet, remote_sheets
from ffi_spectrum.report.rows import Checks, Panel, Row, legend_of, panels_of


def spectrum(
    estimates: Iterable[Estimate], checks: Checks, width: int, trials: DeviceTrials | None = None
) -> Iterator[RenderableType]:
    """Everything that `bench` and `show` print: a table per kernel and size, the device's, the legend, the gaps."""
    everything = list(estimates)
    panels = panels_of(everything, checks)
    layout = layout_for(panels, width)
    for panel in panels:
        yield panel_table(panel, layout)
    sheets = list(remote_sheets(everything))
    launches = list(device_sheets(everything))
    tried = list(trial_sheets(trials)) if trials else []
    yield from map(sheet_table, (*sheets, *launches, *tried))
    yield from (Text(line) for line in ("", *device_lines(everything)) if launches)
    legend = legend_of(everything, is_compact=layout.is_compact, has_ratios=layout.has_ratios)
    legend += (
        *(REMOTE_LEGEND if sheets else ()),
        *(DEVICE_LEGEND if launches else ()),
        *(TRIALS_LEGEND if tried else ()),
    )
    if legend:
        yield Text()
        yield from (_note(line) for line in legend)
    gaps = gaps_of(everything)
    if gaps:
        yield gap_list(gaps)


def layout_for(panels: Iterable[Panel], width: int) -> Layout:
    """The fullest layout in which every row of every panel fits `width` columns."""
    shown = list(panels)
    for layout in LAYOUTS[:-1]:
        if width >= layout.min_width and all(width_of(_rows_table(panel, layout)) <= width for panel in shown):
            return layout
    return LAYOUTS[-1]


def panel_table(panel: Panel, layout: Layout) -> RenderableType:
    """One table: a section per form, a row per case."""
    body = _rows_table(panel, layout) if layout.columns else _stacked(panel)
    parts: list[RenderableType] = [Text(), Text(panel.title, style="bold"), body]
    if "checks" not in layout.names:
        parts += [_note(line) for line in _checks_lines(panel)]
    return Group(*parts)


def bare_table() -> Table:
    """A table without lines, whose columns are still to be added."""
    return Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")


def sheet_table(sheet: Sheet) -> RenderableType:
    """A table that is text already."""
    table = bare_table()
    for header, side in zip(sheet.headers, sheet.alignment, strict=True):
        table.add_column(header, justify="left" if side == "l" else "right", overflow="fold", no_wrap=side == "r")
    for row in sheet.rows:
        table.add_row(*row)
    return Group(Text(), Text(sheet.title, style="bold"), table)


def _rows_table(panel: Panel, layout: Layout) -> Table:
    table = bare_table()
    table.add_column("", no_wrap=True)
    for column in layout.columns:
        table.add_column(column.header, justify="left" if column.is_text else "right", no_wrap=True)
    for form, rows in panel.forms.items():
        table.add_row(Text(form, style="bold"))
        for row, way in zip(rows, _ways(rows, layout), strict=True):
            table.add_row(way, *(column.cell(row) for column in layout.columns))
    return table


def _stacked(panel: Panel) -> RenderableType:
    """For a width that no table fits: the rung on a line of its own, its times below."""
    lines: list[RenderableType] = []
    for form, rows in panel.forms.items():
        lines.append(Text(form, style="bold"))
        for row, way in zip(rows, _ways(rows, LAYOUTS[-1]), strict=True):
            times = (("time per call", row.call.time), ("boundary", row.boundary.time))
            lines += [Text(way), *(Text(f"    {name:<13} {time:>11}") for name, time in times)]
    return Group(*lines)


def _ways(rows: Sequence[Row], layout: Layout) -> Iterator[str]:
    """The first cell of each row; without a column for it, the placement follows where only it tells two rows apart."""
    count = Counter(row.way for row in rows)
    for row in rows:
        way = row.way if "placement" in layout.names or count[row.way] == 1 else f"{row.way} {row.placement}"
        yield f"{'~' if row.is_imprecise else ' '} {way}"


def width_of(table: Table) -> int:
    """Columns that `table` takes where nothing limits it."""
    console = Console(width=10_000, file=io.StringIO())
    return console.measure(table).maximum


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
