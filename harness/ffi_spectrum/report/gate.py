"""A gate's rows as a table, and what they mean as sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.table import Table

from ffi_spectrum.analysis.gate import GateRow
from ffi_spectrum.report.numbers import NOTHING, scale_of
from ffi_spectrum.report.table import bare_table


def gate_table(rows: Sequence[GateRow]) -> Table:
    """A row per call, in the order given."""
    table = bare_table()
    for header in ("call", "verdict", "base", "head", "head - base [95 %]", "margin", "processes"):
        table.add_column(header, justify="left" if header in ("call", "verdict") else "right", overflow="fold")
    for row in rows:
        base = NOTHING if row.base_ns is None else scale_of(row.base_ns).time(row.base_ns)
        head = scale_of(row.head_ns, row.head_low_ns, row.head_high_ns).time(row.head_ns)
        margin = NOTHING if row.margin_ns is None else scale_of(row.margin_ns).time(row.margin_ns)
        table.add_row(row.call, _verdict(row), base, head, _difference(row), margin, str(row.processes))
    return table


def gate_lines(rows: Sequence[GateRow]) -> Iterator[str]:
    """What fails, what stays open and why, and what is new; then how the gate ended."""
    for row in rows:
        yield from _lines(row)
    failed = sum(row.is_failed for row in rows)
    unresolved = sum(row.verdict == "UNRESOLVED" for row in rows)
    open_end = f"; {unresolved} UNRESOLVED, which does not fail" if unresolved else ""
    yield f"gate {'FAILED' if failed else 'passed'}: {failed} of {len(rows)} calls too slow{open_end}"


def _lines(row: GateRow) -> Iterator[str]:
    why = f" ({row.note})" if row.note else ""
    if row.verdict == "SLOWER":
        yield f"{row.call} is SLOWER than at the base by {_difference(row)}, more than {row.margin_ns:.3g} ns"
    if row.verdict == "UNRESOLVED":
        yield (
            f"{row.call} is UNRESOLVED: its difference {_difference(row)} may or may not be within "
            f"{row.margin_ns:.3g} ns{why}; more time (--max-s) or a wider margin (--margin-ns) would tell"
        )
    if row.verdict == "NEW":
        yield f"{row.call} cannot be compared{why}"
    if row.max_ns is not None and row.is_above_max is not False:
        scale = scale_of(row.head_ns, row.head_low_ns, row.head_high_ns)
        interval = f"{scale.time(row.head_ns)} [{scale.number(row.head_low_ns)}, {scale.number(row.head_high_ns)}]"
        state = "is above" if row.is_above_max else "may or may not be above"
        yield f"{row.call} takes {interval}, which {state} --max-ns {row.max_ns:g}"


def _verdict(row: GateRow) -> str:
    return f"{row.verdict}, above --max-ns" if row.is_above_max else row.verdict


def _difference(row: GateRow) -> str:
    low, high = row.difference_low_ns, row.difference_high_ns
    if row.difference_ns is None or low is None or high is None:
        return NOTHING
    scale = scale_of(row.difference_ns, low, high)
    signed = ["+" * (ns > 0) + scale.number(ns) for ns in (row.difference_ns, low, high)]
    return f"{signed[0]} {scale.unit} [{signed[1]}, {signed[2]}]"
