"""What a wait is measured by, on a session without a device."""

from __future__ import annotations

import ctypes
import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from ffi_spectrum.device.launch import Launch
from ffi_spectrum.device.session import Session
from ffi_spectrum.errors import DeviceError, WrongResult
from ffi_spectrum.measure.device.waiting import Way, _wait

BUSY_NS = 12_000_000


class FakeSession:
    """Launches that do nothing; `error` is what the launcher returns."""

    def __init__(self, error: int = 0) -> None:
        self.words = np.zeros(8, np.uint64)
        self.entry = 1
        self.launcher = SimpleNamespace(launch_n=lambda address, times: error)

    def launch(self, symbol: str, extents: Any, objects: Any) -> Launch:
        grid, block = extents
        return Launch(symbol, 1, 1, grid, block, objects, [], (ctypes.c_void_p * 1)())

    def synchronize(self) -> None:
        pass


def wait(session: FakeSession, *lines: str, waits: bool = True) -> tuple[tuple[int, int, int], list[int]]:
    way = Way(lines, {"words": session.words, "sleep": time.sleep}, waits=waits)
    with ThreadPoolExecutor(1) as sleeper:
        return _wait(cast("Session", session), way, BUSY_NS, sleeper)


def test_a_sleeping_wait_burns_nothing_and_the_other_thread_goes_on() -> None:
    (elapsed, thread, process), late = wait(FakeSession(), "sleep(_busy_ns * 1e-9)", "words[2] = 1")
    assert elapsed >= BUSY_NS
    assert thread < elapsed / 2
    assert process >= thread
    assert late
    assert min(late) >= 0


def test_a_wait_that_returns_too_early_is_no_wait() -> None:
    with pytest.raises(WrongResult, match="'pass' returned before"):
        wait(FakeSession(), "pass")
    wait(FakeSession(), "pass", waits=False)


def test_a_launch_that_is_refused_is_an_error() -> None:
    with pytest.raises(DeviceError, match="launching a long kernel"):
        wait(FakeSession(error=1), "words[2] = 1")
