"""The terminal's tables hold every quantity at every width, and never run over it."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from ffi_spectrum.analysis.estimate import Estimate
from ffi_spectrum.report.table import spectrum

from .fakes import CHECKS, estimate, refused

FLOOR = estimate(
    "floor", variant="dlsym", ns_per_call=0.29, ns_low=0.28, ns_high=0.3, boundary_ns=0.0, boundary_low=0.0,
    boundary_high=0.0, ratio_to_floor=1.0, ratio_to_python_call=0.02,
)  # fmt: skip
ROWS = [
    FLOOR,
    estimate("cext", ns_per_call=1204.4, ns_low=1201.0, ns_high=1207.0),
    estimate("ctypes", form="fresh", variant="ndpointer", ns_low=600.0, ns_high=700.0),
    estimate("python", boundary_ns=None, boundary_low=None, boundary_high=None, form="fresh"),
    estimate("ctypes", kernel="noop", size=0, placement="none"),
    refused("pywasm", "not installed"),
    refused("cext", "it was ended by SIGSEGV", "failed", form="fresh"),
    refused("cext", "not measured yet", "skipped", kernel="noop", size=0, placement="none"),
]


def rendered(rows: list[Estimate], width: int) -> list[str]:
    console = Console(file=io.StringIO(), width=width)
    for part in spectrum(rows, CHECKS, width):
        console.print(part, highlight=False, markup=False)
    assert isinstance(console.file, io.StringIO)
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


def cells(lines: list[str], start: str) -> list[str]:
    """The cells of the one row that starts with `start`."""
    (line,) = [line for line in lines if line.startswith(start)]
    return [cell.strip() for cell in line.split("  ") if cell.strip()]


def test_the_widest_table_shows_intervals_in_full() -> None:
    assert cells(rendered(ROWS, 140), "  cext  ") == [
        "cext", "host", "1.204 us", "1.201 to 1.207", "352 ns", "348 to 360", "2.22", "31.1", "error-safe",
    ]  # fmt: skip


@pytest.mark.parametrize(("width", "tail"), [(120, ["error-safe"]), (100, ["error-safe"]), (80, [])])
def test_narrower_tables_give_the_larger_half_of_the_interval(width: int, tail: list[str]) -> None:
    expected = ["cext", "host", "1.204 ±0.003 us", "352 ±8 ns", "2.22", "31.1", *tail]
    assert cells(rendered(ROWS, width), "  cext  ") == expected


def test_without_room_for_a_column_the_tiers_follow_the_table() -> None:
    lines = rendered(ROWS, 80)
    assert "unchecked: floor, python" in lines
    assert "error-safe: cext" in lines


# Real names, the longest one among them, and the widest times.
NARROW = [
    FLOOR,
    estimate("wasmtime_fast_nogil", placement="guest"),
    estimate(
        "wasmtime_fast_nogil", placement="host", ns_per_call=123_456_789.0, ns_low=123_456_780.0, ns_high=123_456_790.0,
        boundary_ns=-123_456_789.0, boundary_low=-123_456_790.0, boundary_high=-123_456_780.0,
    ),
    estimate("ctypes", form="fresh", variant="ndpointer"),
]  # fmt: skip


@pytest.mark.parametrize("width", [30, 40, 50, 60, 69])
def test_narrow_terminals_get_every_rung_and_its_two_times_in_full(width: int) -> None:
    lines = rendered(NARROW, width)
    assert max(map(len, lines)) <= width
    text = "\n".join(lines)
    assert "…" not in text
    for name in ("floor.dlsym", "wasmtime_fast_nogil guest", "wasmtime_fast_nogil host", "ctypes.ndpointer"):
        (number,) = [i for i, line in enumerate(lines) if line.startswith(("  " + name, "~ " + name))]
        row = " ".join(lines[number : number + 3])
        if name.endswith("host"):
            assert "123.457" in row
            assert "-123.457" in row
        elif name != "floor.dlsym":
            assert "655" in row
            assert "352" in row
    assert not any(word in text for word in ("place-", "times floor", "times Python", "2.22", "31.1"))


def test_a_placement_is_named_beside_the_rung_only_where_it_tells_rows_apart() -> None:
    rows = [estimate("ctypes"), estimate("cext", placement="host"), estimate("cext", placement="library")]
    starts = [line.split("  ")[1] for line in rendered(rows, 60) if line.startswith("  c")]
    assert starts == ["ctypes", "cext host", "cext library"]


@pytest.mark.parametrize(
    ("width", "intervals", "signs", "others"),
    [
        (140, 2, 0, {"placement", "floor", "checks"}),
        (100, 0, 2, {"placement", "floor", "checks"}),
        (85, 0, 2, {"place-", "floor"}),
        (75, 0, 2, set()),
        (62, 0, 2, set()),
        (56, 0, 0, set()),
    ],
)
def test_columns_go_before_a_name_or_a_number_does(width: int, intervals: int, signs: int, others: set[str]) -> None:
    lines = rendered([estimate("wasmtime_fast_nogil", variant="a_long_variant")], width)
    words = " ".join(lines[2:4]).split()
    assert words.count("interval") == intervals
    assert {"placement", "place-", "floor", "checks"} & set(words) == others
    (row,) = [line for line in lines if line.startswith("  wasmtime_fast_nogil.a_long_variant ")]
    assert row.count("±") == signs
    assert {"655", "352"} <= set(row.split())


@pytest.mark.parametrize("width", [80, 100, 120, 140])
def test_no_line_is_wider_than_the_terminal_and_no_cell_is_cut(width: int) -> None:
    long = estimate(
        "wasmtime_fast_nogil", variant="a_long_variant", ns_per_call=123_456_789.0, ns_low=1.2e8, ns_high=1.3e8
    )
    lines = rendered([*ROWS, long], width)
    assert max(map(len, lines)) <= width
    assert not any("…" in line for line in lines)


def test_forms_are_sections_and_kernels_are_tables_in_order() -> None:
    headings = [line for line in rendered(ROWS, 100) if line in ("saxpy, size 4,096", "noop", "prebound", "fresh")]
    assert headings == ["saxpy, size 4,096", "prebound", "fresh", "noop", "prebound"]


def test_only_imprecise_rows_are_marked_and_the_mark_is_explained() -> None:
    lines = rendered(ROWS, 140)
    assert [line.split()[1] for line in lines if line.startswith("~ ")] == ["ctypes.ndpointer", "imprecise:"]
    assert not any(line.startswith("~") for line in rendered([FLOOR], 140))


def test_a_zero_by_definition_has_no_interval_and_an_unknown_boundary_is_a_dash() -> None:
    lines = rendered(ROWS, 140)
    assert cells(lines, "  floor.dlsym")[4:6] == ["0 ns", "-"]
    assert cells(lines, "  python")[4:6] == ["-", "-"]


def test_gaps_stand_below_by_status() -> None:
    lines = rendered(ROWS, 100)
    below = lines[lines.index("failed") :]
    assert [line for line in below if line] == [
        "failed",
        "  cext fresh/host (saxpy): it was ended by SIGSEGV",
        "skipped",
        "  cext (noop): not measured yet",
        "unavailable",
        "  pywasm (saxpy): not installed",
    ]


def test_a_run_without_any_estimate_prints_its_reasons_only() -> None:
    lines = rendered([refused("cext", "no C compiler")], 100)
    assert [line for line in lines if line] == ["unavailable", "  cext: no C compiler"]


def test_markup_in_a_reason_is_text() -> None:
    assert "  cext: [bold]no[/bold]" in rendered([refused("cext", "[bold]no[/bold]")], 100)
