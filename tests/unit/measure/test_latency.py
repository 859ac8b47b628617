"""Single calls are timed one by one, with both sides' CPU time, and with setup and teardown outside."""

from __future__ import annotations

import os
import subprocess
import sys
import time

from ffi_spectrum.measure.latency import process_cpu_ns, time_calls
from ffi_spectrum.rungs.base import BoundCall


def test_each_call_is_timed_and_what_stands_around_is_not() -> None:
    log: list[str] = []
    bound = BoundCall(
        "log.append('call')", {"log": log}, ("log.append('in')",), ("log.append('out')",),
        setup=("log.append('setup')",), teardown=("log.append('teardown')",),
    )  # fmt: skip
    clocks = iter([(100, 7), (160, 27)])
    found = time_calls(bound, 3, lambda: next(clocks))
    assert log == ["setup", *["in", "call", "out"] * 3, "teardown"]
    assert (found.calls, sum(found.bins.values())) == (3, 3)
    assert (found.client_cpu_ns, found.worker_cpu_ns) == (60, 20)
    assert found.elapsed_ns > 0


def test_a_worker_whose_cpu_time_is_unknown_has_none() -> None:
    found = time_calls(BoundCall("", {}), 2, lambda: (0, None))
    assert found.worker_cpu_ns is None


def test_the_cpu_time_of_a_process_is_its_own() -> None:
    assert abs((process_cpu_ns(os.getpid()) or 0) - time.process_time_ns()) < 50_000_000
    code = "x = 0\nwhile True: x += 1"
    with subprocess.Popen([sys.executable, "-S", "-E", "-c", code]) as busy:
        try:
            deadline = time.monotonic() + 30
            while (process_cpu_ns(busy.pid) or 0) < 20_000_000:
                assert time.monotonic() < deadline
        finally:
            busy.kill()
    assert process_cpu_ns(busy.pid) is None  # it was waited for
