"""The table of `compare`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.text import Text

from ffi_spectrum.analysis.comparison import Comparison
from ffi_spectrum.case import Case
from ffi_spectrum.report.numbers import scale_of
from ffi_spectrum.report.table import bare_table

LEGEND = (
    "A, B: time per call, median over processes, net of the empty loop. difference: B less A, with its 95 % interval. "
    "p: corrected for the length of the table (Holm).",
    "EQUIVALENT: the difference lies within the margin. SLOWER, FASTER: it does not, and is not chance. UNRESOLVED: "
    "measure more processes (--profile full), at least 6 a file.",
)
SCATTER_LEGEND = (
    "sd: robust standard deviations in ns, of rounds within a process, of processes within a file, and between the "
    "two files."
)
_STYLES = {"SLOWER": "bold red", "FASTER": "bold green", "UNRESOLVED": "yellow"}


def comparison_table(rows: Sequence[Comparison], is_scatter: bool) -> Iterator[RenderableType]:
    """One row per case under its kernel, size and form, then what the columns mean; `is_scatter` adds three columns."""
    table = bare_table()
    table.add_column("", overflow="fold")
    scatter = ("round sd", "process sd", "build sd") if is_scatter else ()
    for header in ("A", "B", "difference", "95 % interval", "margin", "p", *scatter):
        table.add_column(header, justify="right", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    for title in dict.fromkeys(map(_title, rows)):
        table.add_row(Text(title, style="bold"))
        for row in (row for row in rows if _title(row) == title):
            table.add_row(*_cells(row, is_scatter), Text(row.verdict, style=_STYLES.get(row.verdict, "")))
    yield table
    yield Text()
    for line in (*LEGEND, SCATTER_LEGEND) if is_scatter else LEGEND:
        yield Text(line, style="dim")


def _title(row: Comparison) -> str:
    case = Case.from_id(row.id)
    return f"{case.kernel}, size {case.size:,}, {case.form}" if case.size else f"{case.kernel}, {case.form}"


def _way(row: Comparison) -> str:
    case = Case.from_id(row.id)
    words = [case.way, case.placement]
    words += [case.strategy] if case.strategy != "per_call" else []
    return " ".join([*words, *(f"{name}={value}" for name, value in case.params)])


def _cells(row: Comparison, is_scatter: bool) -> list[str]:
    scale = scale_of(row.difference_ns, row.difference_low_ns, row.difference_high_ns)
    interval = f"{scale.number(row.difference_low_ns)} to {scale.number(row.difference_high_ns)}"
    times = [scale_of(ns).time(ns) for ns in (row.a_ns, row.b_ns)]
    cells = [
        f"  {_way(row)}",
        *times,
        scale.time(row.difference_ns),
        interval,
        f"{row.margin_ns:,.3g} ns",
        f"{row.p_value:.2g}",
    ]
    parts = (row.scatter.round_ns, row.scatter.process_ns, row.scatter.build_ns)
    return cells + [f"{ns:,.2f}" for ns in parts] if is_scatter else cells
