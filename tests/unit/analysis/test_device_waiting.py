"""Waits for a device: known values come back, over all processes together."""

from __future__ import annotations

import json
from dataclasses import asdict

import cattrs
import pytest

from ffi_spectrum.analysis.device.waiting import wait_rows
from ffi_spectrum.report.device.waiting import waiting_sheets
from ffi_spectrum.results.device.sample import DeviceSample
from ffi_spectrum.results.device.waiting import Waiting

BUSY_NS = 30_000_000


def sample(**waiting: Waiting) -> DeviceSample:
    return DeviceSample(0, 0, waiting=waiting)


def spinning(after_ns: int, late_ns: list[int], is_apart: bool = True) -> Waiting:
    """Burns all of its CPU; the other threads of the process use a tenth of that."""
    elapsed = BUSY_NS + after_ns
    return Waiting(BUSY_NS, is_apart, [elapsed], [elapsed], [elapsed * 11 // 10], late_ns)


def test_a_row_is_made_of_all_processes() -> None:
    samples = [sample(spin=spinning(after, [after] * 30)) for after in (10_000, 30_000, 20_000)]
    (row,) = wait_rows(samples)
    assert (row.way, row.busy_ns, row.waits, row.is_apart) == ("spin", BUSY_NS, 3, True)
    assert row.after_ns == 20_000
    assert row.thread_cpus == 1
    assert row.process_cpus == pytest.approx(1.1)
    assert (row.late.p50, row.late.max, row.late.count) == (20_000, 30_000, 90)
    assert row.late.p99 is None  # it needs a hundred sleeps


def test_cpu_seconds_are_per_second_of_waiting_whatever_a_wait_took() -> None:
    short, long = 10_000_000, 30_000_000
    one = Waiting(short, True, [short], [short], [short], [1])
    other = Waiting(short, True, [long], [0], [0], [1])
    (row,) = wait_rows([sample(w=one), sample(w=other)])
    assert row.thread_cpus == 0.25


def test_samples_come_back_from_a_results_file() -> None:
    one = sample(spin=spinning(1, [2, 3]))
    assert cattrs.structure(json.loads(json.dumps(asdict(one))), DeviceSample) == one


def test_a_way_that_one_process_lacks_is_made_of_the_others() -> None:
    both = sample(spin=spinning(1, [1]), block=spinning(2, [2]))
    rows = {row.way: row.waits for row in wait_rows([both, sample(spin=spinning(3, [3]))])}
    assert rows == {"spin": 2, "block": 1}


def test_the_table_says_where_the_other_thread_ran() -> None:
    (sheet,) = waiting_sheets(list(wait_rows([sample(spin=spinning(20_000, [60_000] * 100))])))
    assert "30.0 ms" in sheet.title
    assert "a CPU of its own" in sheet.title
    assert {len(row) for row in sheet.rows} == {len(sheet.headers)}
    assert sheet.rows[0] == ("spin", "20.0 us", "1.000", "1.100", "60.0 us", "60.0 us", "60.0 us", "100")
    (same,) = waiting_sheets(list(wait_rows([sample(spin=spinning(1, [1], is_apart=False))])))
    assert "on the same CPU" in same.title


def test_a_run_without_waits_has_no_table() -> None:
    assert list(waiting_sheets([])) == []
    assert list(wait_rows([DeviceSample(0, 0)])) == []
