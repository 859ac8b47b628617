"""One table of several interpreters: a row per case, a column per interpreter."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from ffi_spectrum.analysis.estimate import Estimate
from ffi_spectrum.report.gaps import Gap, gaps_of
from ffi_spectrum.report.numbers import NOTHING
from ffi_spectrum.report.precision import imprecise_lines
from ffi_spectrum.report.rows import PLUS_MINUS, Quantity, panel_title, quantity, way_of
from ffi_spectrum.report.table import bare_table, gap_list, width_of

LEGEND = (
    "Time per call: median over processes, net of the empty loop. The interpreters measured in turns, on one machine; "
    "each file has its interpreter's boundaries and ratios."
)
# Panel group and case: an anchor has an estimate in each group.
Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Column:
    """What was measured under one interpreter; `packages` are the versions of those that matter, by name."""

    title: str
    estimates: Sequence[Estimate]
    packages: Mapping[str, str | None] = field(default_factory=dict)

    def measured(self) -> dict[Key, Estimate]:
        return {_key(estimate): estimate for estimate in self.estimates if estimate.status == "ok"}


def interpreter_table(columns: Sequence[Column], width: int) -> Iterator[RenderableType]:
    """The table with its legend, and what was not measured; times lose their intervals where `width` is too small."""
    rows = _rows(columns)
    if rows:
        compact, short = (_table(columns, rows, cell) for cell in (_compact, _time))
        has_intervals = width_of(compact) <= width
        is_short = width_of(short) <= width
        yield Text()
        yield compact if has_intervals else short if is_short else _stacked(columns, rows)
        yield Text()
        yield from (Text(line, style="dim") for line in _legend(columns, has_intervals))
    gaps = merged_gaps(columns)
    if gaps:
        yield gap_list(gaps)


def _rows(columns: Sequence[Column]) -> dict[str, list[Estimate]]:
    """Cases that any column measured, under kernel, size and form, in the order of the first column that has them."""
    cases: dict[Key, Estimate] = {}
    for column in columns:
        cases |= {key: estimate for key, estimate in column.measured().items() if key not in cases}
    found: dict[str, list[Estimate]] = {}
    for case in cases.values():
        found.setdefault(f"{panel_title(case)}, {case.form}", []).append(case)
    return found


def _key(estimate: Estimate) -> Key:
    return estimate.panel_group, estimate.id


def _table(columns: Sequence[Column], rows: Mapping[str, Sequence[Estimate]], cell: Callable[[Estimate], str]) -> Table:
    table = bare_table()
    table.add_column("", no_wrap=True)
    table.add_column("\nplacement", no_wrap=True)
    for column in columns:
        table.add_column(column.title.replace(" ", "\n", 1), justify="right", no_wrap=True)
    measured = [column.measured() for column in columns]
    for title, cases in rows.items():
        table.add_row(Text(title, style="bold"))
        for case in cases:
            found = (estimates.get(_key(case)) for estimates in measured)
            table.add_row(f"  {way_of(case)}", case.placement, *(cell(one) if one else NOTHING for one in found))
    return table


def _stacked(columns: Sequence[Column], rows: Mapping[str, Sequence[Estimate]]) -> RenderableType:
    """For a width that no table fits: a line for each interpreter below the case."""
    measured = {column.title: column.measured() for column in columns}
    text = Text()
    for title, cases in rows.items():
        text.append(f"{title}\n", style="bold")
        for case in cases:
            text.append(f"  {way_of(case)} {case.placement}\n")
            for name, estimates in measured.items():
                found = estimates.get(_key(case))
                text.append(f"    {name:<16} {_time(found) if found else NOTHING:>13}\n")
    return text


def _compact(estimate: Estimate) -> str:
    return _marked(estimate, _quantity(estimate).compact)


def _time(estimate: Estimate) -> str:
    return _marked(estimate, _quantity(estimate).time)


def _marked(estimate: Estimate, text: str) -> str:
    return f"~ {text}" if estimate.is_imprecise else text


def _quantity(estimate: Estimate) -> Quantity:
    return quantity(estimate.ns_per_call, estimate.ns_low, estimate.ns_high)


def _legend(columns: Sequence[Column], has_intervals: bool) -> list[str]:
    imprecise = imprecise_lines(one for column in columns for one in column.measured().values())
    return [LEGEND, *([PLUS_MINUS] if has_intervals else []), *imprecise, *_other_packages(columns)]


def _other_packages(columns: Sequence[Column]) -> Iterator[str]:
    """A sentence for each package that is not the same under all interpreters: then a difference may be its."""
    for name in dict.fromkeys(name for column in columns for name in column.packages):
        versions = [column.packages.get(name) or "absent" for column in columns]
        if len(set(versions)) > 1:
            pairs = zip(versions, columns, strict=True)
            yield f"{name} differs: {', '.join(f'{version} ({column.title})' for version, column in pairs)}."


def merged_gaps(columns: Sequence[Column]) -> list[Gap]:
    """The gaps of all columns, one for each, naming the interpreters where it is not a gap of every one."""
    owners: dict[Gap, list[str]] = {}
    for column in columns:
        for gap in gaps_of(column.estimates):
            owners.setdefault(gap, []).append(column.title)
    return [
        gap if len(titles) == len(columns) else replace(gap, where=", ".join(filter(None, [gap.where, *titles])))
        for gap, titles in owners.items()
    ]
