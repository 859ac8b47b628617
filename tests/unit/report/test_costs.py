"""The tables of `costs`."""

from __future__ import annotations

from ffi_spectrum.analysis.costs import package_costs, rung_costs
from ffi_spectrum.report.costs import cost_sheets, portability_sheet

from ..costs_records import some_records

ORDER = ("libffis.so", "ctypes", "cext", "uds")


def test_builds_starts_and_packages() -> None:
    records = some_records()
    build, start, package = cost_sheets(rung_costs(records, ORDER), ("libffis.so",), package_costs(records))
    assert build.rows == (
        ("libffis.so", "yes", "3.40 ±0.00 s", "6.00 ±0.00 ms", "25.2 kB"),
        ("ctypes", "no", "nothing", "nothing", "nothing"),
        ("cext", "yes", "3.25 ±0.25 s", "9.00 ±0.00 ms", "92.0 kB"),
    )
    assert start.rows[0] == ("ctypes", "200 ±0 us", "1.10 ±0.00 ms", "1.30 ±0.00 ms", "1.0 MB", "-")
    assert start.rows[2] == ("uds", "30.0 ±0.0 ms", "3.00 ±0.00 ms", "4.00 ±0.00 ms", "4.0 MB", "1.5 MB")
    assert package.rows == (
        ("ctypes", "1.40 ±0.00 ms", "500.0 kB", "with Python"),
        ("wasmtime", "15.0 ±0.0 ms", "5.0 MB", "30.0 MB"),
    )


def test_a_claim_says_whether_it_was_tried() -> None:
    sheet = portability_sheet([one for one in some_records() if one.kind == "portability"])
    assert sheet.rows == (
        ("C extension", "another Python", "not promised", "yes", "CPython 3.12.1 takes it"),
        ("ffis.wasm", "another OS", "yes", "untested", "there was no other to try"),
    )


def test_nothing_measured_makes_no_table() -> None:
    assert list(cost_sheets([], (), [])) == []
