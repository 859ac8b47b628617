"""The tables of `threads`."""

from __future__ import annotations

from ffi_spectrum.analysis.threads import estimate_threads
from ffi_spectrum.report.threads import busy_lines, threads_sheets

from ..threads_records import record, some_records


def test_both_tables_start_with_what_a_sleeper_sees_without_calls() -> None:
    threads, loop = threads_sheets(estimate_threads(some_records(), "floor.dlsym"))
    assert threads.headers == ("rung", "verdict", "kernel", "call", "2 threads", "p50", "p99", "max")
    assert threads.rows[0] == ("(no calls)", "-", "-", "-", "-", "60.0 us", "60.0 us", "60.0 us")
    assert threads.rows[2] == (
        "cext", "stalls", "spin", "10.0 ms", "1.02 ±0.03", "9.00 ms", "9.00 ms", "9.00 ms",
    )  # fmt: skip
    assert [row[0] for row in threads.rows] == ["(no calls)", "floor.dlsym", "cext", "cext_nogil", "python"]
    assert loop.rows[0] == ("(no calls)", "60.0 us", "60.0 us", "60.0 us", "-", "-", "-")
    assert loop.rows[4] == ("python", "5.10 ms", "5.10 ms", "5.10 ms", "29.0 ms", "-", "29.0 ms")


def test_every_number_of_threads_has_a_column() -> None:
    records = [record(way, 0, 1.9, 0.1, counts=(1, 2, 8)) for way in ("floor.dlsym", "ctypes")]
    threads, _ = threads_sheets(estimate_threads(records, "floor.dlsym"))
    assert threads.headers[4:6] == ("2 threads", "8 threads")
    assert threads.rows[-1][4:6] == ("1.90 ±0.00", "1.90 ±0.00")


def test_nothing_measured_makes_no_table() -> None:
    assert list(threads_sheets(estimate_threads(some_records()[:1], "floor.dlsym"))) == []


def test_a_busy_machine_is_named() -> None:
    records = [record("floor.dlsym", n, 1.9, 0.1, others_cpus=n / 2) for n in range(2)]
    records += [record("cext_nogil", n, 1.2, 0.1, others_cpus=0.5) for n in range(2)]
    assert busy_lines(estimate_threads(records, "floor.dlsym")) == [
        "Others used more than a tenth of a CPU during 3 processes: left out where they are a minority.",
        "UNRESOLVED, too few quiet processes: cext_nogil. Measure again, into another file.",
    ]
    assert busy_lines(estimate_threads(some_records(), "floor.dlsym")) == []
