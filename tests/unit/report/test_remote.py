"""The two further tables of calls to another process."""

from __future__ import annotations

import io

from rich.console import Console

from ffi_spectrum.analysis.estimate import Estimate
from ffi_spectrum.analysis.remote import RemoteCost
from ffi_spectrum.report.excerpt import to_excerpt
from ffi_spectrum.report.remote import remote_sheets
from ffi_spectrum.report.table import spectrum
from ffi_spectrum.results.record import RunRecord

from .fakes import CHECKS, estimate

COST = RemoteCost(
    450.0, 5100.0, None, 520.0, 470.0, 430.0, 5.0, 90.0, {"serialise": 30.0, "copy": 70.0, "work": 100.0, "wake": 250.0}
)


def rows() -> list[Estimate]:
    anchor = estimate("cffi_api", panel_group="out-of-process", remote=RemoteCost(line_ns=90.0))
    return [estimate(), anchor, estimate("shm_ring", variant="futex", panel_group="out-of-process", remote=COST)]


def test_single_calls_and_parts_have_a_sheet_each() -> None:
    calls, shares = remote_sheets(rows())
    assert calls.title == "saxpy, size 4,096, out of process: single calls; round trip of a cache line: 90.0 ns"
    assert calls.rows == (
        ("shm_ring.futex", "host", "450 ns", "5.10 us", "-", "520 ns", "470 ns", "430 ns", "5.00"),
    )  # fmt: skip
    assert shares.rows == (
        ("shm_ring.futex", "prebound", "host", "655 ns", "30.0 ns", "70.0 ns", "250 ns", "100 ns"),
    )  # fmt: skip


def test_in_process_rows_have_none() -> None:
    assert list(remote_sheets([estimate(), estimate("cext")])) == []


def test_the_terminal_keeps_the_groups_apart_and_explains_the_columns() -> None:
    console = Console(width=110, file=io.StringIO(), record=True)
    for part in spectrum(rows(), CHECKS, 110):
        console.print(part)
    text = console.export_text()
    assert text.index("saxpy, size 4,096\n".rstrip()) < text.index("saxpy, size 4,096, out of process")
    assert "wake is the rest of the whole" in " ".join(text.split())


def test_the_excerpt_has_both_as_markdown() -> None:
    plan = {"profile": {"name": "quick", "processes": 12, "rounds": 12}}
    run = RunRecord(plan, "", "", {}, {}, "2026-01-01", "1")
    text = to_excerpt(run, rows(), CHECKS)
    assert "| `shm_ring.futex` | host |" in text
    assert "where the time goes" in text
