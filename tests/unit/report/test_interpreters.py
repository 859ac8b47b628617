"""The table of several interpreters, at every width."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from ffi_spectrum.report.interpreters import Column, interpreter_table, merged_gaps

from .fakes import estimate, refused

OLD = Column(
    "CPython 3.11.7",
    [
        estimate("ctypes", form="fresh", variant="data_as", ns_low=600.0, ns_high=700.0),
        estimate("cext", ns_per_call=1204.4, ns_low=1201.0, ns_high=1207.0),
        refused("numpy", "no array form"),
        refused("python", "it was ended by SIGSEGV", "failed", kernel="noop", size=0, placement="none"),
    ],
    {"numpy": "2.4.6", "cffi": "2.1.1"},
)
NEW = Column(
    "CPython 3.14.0t",
    [
        estimate("ctypes", form="fresh", variant="data_as", ns_per_call=0.5, ns_low=0.45, ns_high=0.52),
        estimate("python", kernel="noop", size=0, placement="none"),
        refused("numpy", "no array form"),
        refused("cext", "no headers"),
    ],
    {"numpy": "2.4.6", "cffi": None},
)


def rendered(width: int, *columns: Column) -> list[str]:
    console = Console(file=io.StringIO(), width=width)
    for part in interpreter_table(columns, width):
        console.print(part, highlight=False, markup=False)
    assert isinstance(console.file, io.StringIO)
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


def test_every_case_that_any_interpreter_measured_is_a_row() -> None:
    lines = rendered(140, OLD, NEW)
    table = lines[1 : lines.index("", 1)]
    assert [line.split() for line in table] == [
        ["CPython", "CPython"],
        ["placement", "3.11.7", "3.14.0t"],
        ["saxpy,", "size", "4,096,", "fresh"],
        ["ctypes.data_as", "host", "~", "655", "±55", "ns", "~", "0.50", "±0.05", "ns"],
        ["saxpy,", "size", "4,096,", "prebound"],
        ["cext", "host", "1.204", "±0.003", "us", "-"],
        ["noop,", "prebound"],
        ["python", "none", "-", "655", "±5", "ns"],
    ]


def test_a_narrow_table_leaves_the_intervals_and_their_legend_out() -> None:
    wide, narrow = "\n".join(rendered(140, OLD, NEW)), "\n".join(rendered(62, OLD, NEW))
    assert "After ±" in wide
    assert "±" not in narrow
    assert ["ctypes.data_as", "host", "~", "655", "ns", "~", "0.50", "ns"] in map(str.split, narrow.splitlines())


def test_without_room_for_columns_interpreters_follow_the_case() -> None:
    lines = rendered(36, OLD, NEW)
    start = lines.index("  ctypes.data_as host")
    assert lines[start + 1 : start + 3] == [
        "    CPython 3.11.7        ~ 655 ns",
        "    CPython 3.14.0t      ~ 0.50 ns",
    ]


@pytest.mark.parametrize("width", [36, 48, 60, 80, 140])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    assert max(map(len, rendered(width, OLD, NEW))) <= width


def test_gaps_name_the_interpreters_unless_all_share_them() -> None:
    assert [(gap.status, gap.subject, gap.reason) for gap in merged_gaps([OLD, NEW])] == [
        ("unavailable", "numpy (saxpy)", "no array form"),
        ("failed", "python (noop, CPython 3.11.7)", "it was ended by SIGSEGV"),
        ("unavailable", "cext (saxpy, CPython 3.14.0t)", "no headers"),
    ]


def test_packages_that_differ_are_named() -> None:
    text = " ".join(rendered(140, OLD, NEW))
    assert "cffi differs: 2.1.1 (CPython 3.11.7), absent (CPython 3.14.0t)." in text
    assert "numpy differs" not in text


def test_nothing_measured_is_no_table() -> None:
    assert rendered(80, Column("CPython 3.11.7", [])) == []
    assert rendered(80, Column("CPython 3.11.7", [refused("cext", "no headers")]))[1] == "unavailable"
