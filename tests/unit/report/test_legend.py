"""The legend explains what is in the tables, and nothing else."""

from __future__ import annotations

from typing import Any

from ffi_spectrum.report.rows import IMPRECISE, INTERPRETED, LEGEND, PLUS_MINUS, legend_of

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
    assert legend_of([estimate("ctypes", ns_low=600.0)])[-1] == IMPRECISE
