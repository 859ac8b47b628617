"""The legend explains what is in the tables, and nothing else."""

from __future__ import annotations

from typing import Any

from ffi_spectrum.analysis.stopping import NARROW
from ffi_spectrum.report.precision import ADVICE, processes_text
from ffi_spectrum.report.rows import INTERPRETED, LEGEND, PLUS_MINUS, legend_of

from .fakes import estimate, refused


def test_ordinary_rows_need_no_more_than_their_columns() -> None:
    assert legend_of([estimate("ctypes")]) == [*LEGEND]
    assert legend_of([estimate("ctypes")], is_compact=True) == [*LEGEND, PLUS_MINUS]
    assert legend_of([estimate("ctypes")], is_compact=True, has_ratios=False) == [LEGEND[0], PLUS_MINUS]
    assert legend_of([refused("wasmtime_fast", "no headers")]) == []


def test_own_entries_into_wasmtime_are_never_shown_without_saying_so() -> None:
    (line,) = legend_of([estimate("wasmtime"), estimate("wasmtime_fast"), estimate("wasmtime_pulley")])[len(LEGEND) :]
    assert line.startswith(
        "wasmtime is wasmtime-py as its manual shows. wasmtime_fast, wasmtime_pulley: this project's"
    )


def test_a_negative_boundary_of_an_interpreted_guest_is_explained() -> None:
    negative: dict[str, Any] = {"boundary_ns": -7.0, "boundary_low": -8.0, "boundary_high": -6.0}
    assert INTERPRETED in legend_of([estimate("pywasm", **negative)])
    assert INTERPRETED in legend_of([estimate("wasmtime_pulley", **negative)])
    assert INTERPRETED not in legend_of([estimate("pywasm"), estimate("ctypes", **negative)])


def test_the_mark_of_imprecise_rows_is_explained() -> None:
    wide = f"~ imprecise: half of an interval is over 0.5 ns and over 1 % of the time. {ADVICE}"
    narrow = "over 0.1 ns and over 0.1 % of the time in a panel of 4 cases or fewer"
    rows = [estimate("ctypes", ns_low=600.0), estimate("cext")]
    assert legend_of(rows)[len(LEGEND) :] == [wide]
    rows.append(estimate("cext", kernel="add", precision=NARROW))
    assert legend_of(rows)[len(LEGEND) :] == [wide.replace(". Measure", f", or {narrow}. Measure")]
    assert legend_of(rows[1:])[len(LEGEND) :] == [f"~ imprecise: half of an interval is {narrow}. {ADVICE}"]


def test_rows_at_the_cap_are_told_apart_from_those_that_may_get_more_processes() -> None:
    """Such as those of a run that was stopped, or of a file made before there were looks."""
    open_row = estimate("ctypes", ns_low=600.0)
    capped = estimate("ctypes", kernel="add", ns_low=600.0, is_at_cap=True)
    precise = estimate("cext", kernel="add", is_at_cap=True, boundary_low=350.0, boundary_high=355.0)
    aim = f"half of an interval is over 0.5 ns and over 1 % of the time. {ADVICE}"
    unresolved = f"~ UNRESOLVED at the cap of 12 processes (1 of 2 rows): {aim}"
    assert legend_of([capped, precise])[len(LEGEND) :] == [unresolved]
    assert legend_of([capped, open_row, precise])[len(LEGEND) :] == [
        unresolved.replace("1 of 2", "1 of 3"), f"~ imprecise: {aim}",
    ]  # fmt: skip
    late = estimate("cext", ns_low=600.0, is_at_cap=True, processes=80)
    assert "at the cap of 12 to 80 processes (2 of 2 rows)" in legend_of([capped, late])[-1]


def test_the_number_of_processes_is_that_of_the_measured_rows() -> None:
    rows = [estimate("ctypes"), estimate("cext", processes=40), refused("numpy", "no array")]
    assert processes_text(rows) == "12 to 40 processes a panel"
    assert processes_text(rows[:1]) == "12 processes a panel"
    assert processes_text(rows[2:]) == "0 processes a panel"
