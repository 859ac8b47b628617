"""What others use of the CPUs is all that is used, less what is ours."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ffi_spectrum.measure import others
from ffi_spectrum.measure.others import Others, busy_ns

TICK_NS = 10**9 // os.sysconf("SC_CLK_TCK")


def instance(pid: int | None) -> Any:
    return SimpleNamespace(rung=SimpleNamespace(worker_pid=lambda: pid))


def test_busy_is_everything_but_idle_waiting_and_guests(tmp_path: Path) -> None:
    stat = tmp_path / "stat"
    stat.write_text("cpu  1 20 300 4000 50000 600000 7000000 80000000 900000000 5\ncpu0 9 9 9 9\n")
    assert busy_ns(stat) == 87_600_321 * TICK_NS
    for text in ("", "cpu 1 2 3\n", "intr 1 2 3 4 5 6 7 8 9\n"):
        stat.write_text(text)
        assert busy_ns(stat) is None
    assert busy_ns(tmp_path / "none") is None


def test_our_own_work_and_that_of_our_workers_is_not_others(monkeypatch: pytest.MonkeyPatch) -> None:
    readings = iter([1_000, 1_800])
    own, worker, clock = iter([100, 400]), iter([50, 150]), iter([0, 200])
    monkeypatch.setattr(others, "busy_ns", lambda: next(readings))
    monkeypatch.setattr("time.process_time_ns", lambda: next(own))
    monkeypatch.setattr("time.perf_counter_ns", lambda: next(clock))
    monkeypatch.setattr(others, "process_cpu_ns", lambda pid: next(worker))
    assert Others([instance(7), instance(None)]).cpus() == (800 - 300 - 100) / 200


def test_a_system_that_says_nothing_has_no_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(others, "busy_ns", lambda: None)
    assert Others([]).cpus() == 0.0


def test_a_busy_process_is_seen_and_as_our_worker_it_is_not() -> None:
    """Both are counted over the same time, so that whatever else runs here is in both."""
    with subprocess.Popen([sys.executable, "-S", "-c", "while True: pass"]) as busy:
        try:
            as_other, as_worker = Others([]), Others([instance(busy.pid)])
            until = time.monotonic() + 60
            while as_other.cpus() - as_worker.cpus() < 0.2:
                assert time.monotonic() < until
                time.sleep(0.05)
        finally:
            busy.kill()
