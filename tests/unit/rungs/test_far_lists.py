"""Lists that a worker keeps: forgotten when nobody can replay them, few enough, and gone with the worker."""

from __future__ import annotations

import gc
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import psutil
import pytest

from ffi_spectrum.errors import BadArgument, CallError, FarSideDied, Unavailable
from ffi_spectrum.kernels.derived import WORDS, replayed
from ffi_spectrum.kernels.table import KERNELS
from ffi_spectrum.kernels.workload import Workload, make_workload
from ffi_spectrum.measure.loop import call_once
from ffi_spectrum.rungs.far_lists import MAX_COMMANDS, MAX_LISTS
from ffi_spectrum.rungs.far_rung import FarRung
from ffi_spectrum.rungs.recording import Recorded, Recording

from .opened import open_rung

RUNGS = ("shm_ring", "shm_ring_py", "uds")


def opened(name: str) -> FarRung[Any]:
    rung = open_rung(name)
    assert isinstance(rung, FarRung)
    return rung


@pytest.fixture(params=RUNGS)
def rung(request: pytest.FixtureRequest) -> Iterator[FarRung[Any]]:
    found = opened(request.param)
    yield found
    found.close()


@contextmanager
def interrupted(after_s: float) -> Iterator[None]:
    """Ctrl-C after so long; the block has to end by it."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, after_s)
    try:
        with pytest.raises(KeyboardInterrupt):
            yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def adding(rung: FarRung[Any], a: int, b: int) -> Recorded:
    recording = Recording(rung)
    recording.add(rung.place(Workload(KERNELS["add"], 0, {}, {"a": a, "b": b}), "none"))
    return recording.finish()


@pytest.fixture
def _without_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("_without_collector")
def test_lists_that_nobody_holds_make_room(rung: FarRung[Any]) -> None:
    """At once, as a measuring process collects no garbage."""
    for i in range(3 * MAX_LISTS):
        recorded = adding(rung, i, 1)
        call_once(recorded.bound)
        assert recorded.value(0) == i + 1


def test_a_replay_that_was_cut_short_writes_into_nobody_elses_memory() -> None:
    """The ring's worker goes on with it: what lay there is given away when it is through."""
    rung = opened("shm_ring")
    recording = Recording(rung)
    recording.add(rung.place(Workload(KERNELS["spin"], 0, {"steps": 40_000_000}, {"seed": 1}), "none"), 4)
    recorded = recording.finish()
    with interrupted(0.1):
        call_once(recorded.bound)
    place, shape = recorded._words.ctypes.data, recorded._words.shape
    del recorded
    found = rung.place(replayed(np.zeros(shape, np.uint64)), "shared").placed[WORDS]
    assert found.ctypes.data == place
    time.sleep(0.3)
    assert not found.any()
    rung.close()


def test_a_list_too_many_is_refused_until_one_is_let_go(rung: FarRung[Any]) -> None:
    kept = [adding(rung, i, 2) for i in range(MAX_LISTS)]
    with pytest.raises(BadArgument, match=f"{MAX_LISTS} lists"):
        adding(rung, 0, 0)
    kept.pop(7)
    kept.append(adding(rung, 100, 2))
    for recorded in kept:
        call_once(recorded.bound)
    assert [recorded.value(0) for recorded in kept] == [i + 2 for i in range(MAX_LISTS) if i != 7] + [102]


def test_a_list_lives_as_long_as_its_call(rung: FarRung[Any]) -> None:
    recorded = adding(rung, 3, 4)
    bound, words = recorded.bound, recorded._words
    del recorded
    gc.collect()
    adding(rung, 5, 6)  # forgets what has ended
    words[0, 1] = 30
    call_once(bound)
    assert words[0, 3] == 34


def test_a_list_too_long_is_refused_before_it_is_sent(rung: FarRung[Any]) -> None:
    rows = np.zeros((MAX_COMMANDS + 1, 2), np.uint64)
    with pytest.raises(BadArgument, match=str(MAX_COMMANDS)):
        rung.bind(rung.place(replayed(rows), "shared"), "prebound")


def test_what_the_worker_cannot_reach_is_refused(rung: FarRung[Any]) -> None:
    recording = Recording(rung)
    with pytest.raises(Unavailable, match="cannot address"):
        recording.add(rung.place(make_workload(KERNELS["dot"], 8), "host"))
    other = opened("uds" if rung.info.name != "uds" else "shm_ring_py")
    with pytest.raises(BadArgument, match="shared with the worker"):
        recording.add(other.place(make_workload(KERNELS["dot"], 8), "shared"))
    other.close()
    with pytest.raises(Unavailable, match="shared memory"):
        rung.bind(rung.place(replayed(np.zeros((1, 2), np.uint64)), "host"), "prebound")


def test_rows_that_are_no_list_are_refused(rung: FarRung[Any]) -> None:
    """By the worker: nothing of ours makes such rows."""
    for rows, error in (([[10**6, 0]], CallError), ([[KERNELS_INDEX["relu"], 2**40, 0, 8, 0]], BadArgument)):
        with pytest.raises(error, match="refused"):
            rung.bind(rung.place(replayed(np.array(rows, np.uint64)), "shared"), "prebound")
    call_once(adding(rung, 1, 1).bound)


KERNELS_INDEX = {name: number for number, name in enumerate(KERNELS)}


def test_a_worker_that_died_is_told(rung: FarRung[Any]) -> None:
    recorded = adding(rung, 1, 2)
    pid = rung.worker_pid()
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    with pytest.raises(FarSideDied):
        call_once(recorded.bound)


def test_lists_leave_nothing_in_the_worker(rung: FarRung[Any]) -> None:
    recording = Recording(rung)
    recording.add(rung.place(make_workload(KERNELS["dot"], 8), "shared"), 20_000)
    pid = rung.worker_pid()
    sizes = []
    for _ in range(2):
        for _ in range(20):
            call_once(recording.finish().bound)
        sizes.append(psutil.Process(pid).memory_info().rss)
    assert sizes[1] - sizes[0] < 1_000_000  # a list has 0.6 MB
