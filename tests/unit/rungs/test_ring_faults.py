"""Whatever happens to the worker of a ring, and however both sides wait: an error that says so, and no wrong answer."""

from __future__ import annotations

import os
import signal
import threading
import time
from typing import Any

import numpy as np
import psutil
import pytest

from ffi_spectrum.errors import BadArgument, ChannelRetired, DeadlineExceeded, FarSideDied
from ffi_spectrum.kernels.table import KERNELS
from ffi_spectrum.kernels.workload import Workload, check_outputs, make_workload
from ffi_spectrum.measure.loop import call_once, compile_block, outputs_of
from ffi_spectrum.rungs.far_rung import FarRung

from ..remote.processes import is_running, waits_until
from .remote_rungs import Later, stop
from .rings import LATE, RINGS, WAYS, add, adding, endless, opened

pytestmark = pytest.mark.timeout(120)

SOON_S = 3.0  # an answer within a deadline of tenths of seconds, on a machine that is busy
ways = pytest.mark.parametrize(("name", "variant"), WAYS)


def assert_retired(rung: FarRung[Any], variant: str, pid: int, why: str) -> None:
    """The worker has gone, and every call says what happened."""
    assert waits_until(lambda: not is_running(pid))
    bound = adding(rung, variant)
    for _ in range(2):
        with pytest.raises(ChannelRetired, match=why):
            eval(bound.call, dict(bound.names))
    with pytest.raises(ChannelRetired, match=why):
        rung.count(KERNELS["add"])


@ways
def test_deadline(name: str, variant: str) -> None:
    with opened(RINGS[name]) as rung:
        assert add(rung, variant) == 42
        rung.deadline_s, pid, start = 0.2, rung.worker_pid() or 0, time.monotonic()
        with pytest.raises(DeadlineExceeded, match=r"0\.2 s"):
            call_once(endless(rung, variant))
        assert 0.2 <= time.monotonic() - start < SOON_S
        rung.deadline_s = 5.0
        assert_retired(rung, variant, pid, r"no answer within 0\.2 s")


@ways
def test_a_slow_answer_within_the_deadline_is_an_answer(name: str, variant: str) -> None:
    with opened(RINGS[name], 20.0) as rung:
        steps = 2_000_000
        while True:
            buffers = rung.place(Workload(KERNELS["spin"], 0, {"steps": steps}, {"seed": 1}), "none")
            start = time.monotonic()
            found = call_once(rung.bind(buffers, "prebound", variant))
            if time.monotonic() - start > 0.1:  # several slices of a sleeping wait
                break
            steps *= 2
        again = Workload(KERNELS["spin"], 0, {"steps": steps}, {"seed": 1})
        assert found == call_once(rung.bind(rung.place(again, "none"), "prebound", variant))
        assert add(rung, variant) == 42


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV])
@ways
def test_death_during_a_call(name: str, variant: str, number: signal.Signals) -> None:
    """Known within 100 ms: in the best of some tries, as others use this machine, too."""
    took_s = []
    for _ in range(5):
        with opened(RINGS[name]) as rung:
            call, pid = endless(rung, variant), rung.worker_pid() or 0
            later = Later(pid, number)
            with pytest.raises(FarSideDied, match=number.name):
                call_once(call)
            took_s.append(time.monotonic() - later.sent)
            assert_retired(rung, variant, pid, number.name)
        if took_s[-1] < 0.1:
            break
    assert min(took_s) < 0.1


@ways
def test_death_while_idle(name: str, variant: str) -> None:
    with opened(RINGS[name]) as rung:
        bound, pid = adding(rung, variant), rung.worker_pid() or 0
        call_once(bound)
        os.kill(pid, signal.SIGKILL)
        assert waits_until(lambda: not is_running(pid))
        with pytest.raises(FarSideDied, match="SIGKILL"):
            eval(bound.call, dict(bound.names))
        assert_retired(rung, variant, pid, "SIGKILL")


@pytest.mark.parametrize("size", [7, 2**20])
@ways
def test_stopped(name: str, variant: str, size: int) -> None:
    """Nothing answers, and nothing has ended: only the deadline helps."""
    with opened(RINGS[name], 0.3) as rung:
        buffers = rung.place(make_workload(KERNELS["relu"], size), "host")
        bound, pid = rung.bind(buffers, "fresh", variant), rung.worker_pid() or 0
        call_once(bound)
        stop(pid)
        start = time.monotonic()
        with pytest.raises(DeadlineExceeded):
            eval(bound.call, dict(bound.names))
        assert time.monotonic() - start < SOON_S
        assert_retired(rung, variant, pid, "no answer")


@pytest.mark.parametrize("window", [1, 8, 64])
@ways
def test_pipelined_to_a_worker_that_is_stopped(name: str, variant: str, window: int) -> None:
    with opened(RINGS[name], 0.3) as rung:
        bound, pid = adding(rung, variant, window=window), rung.worker_pid() or 0
        call_once(bound)
        stop(pid)
        for _ in range(window):
            eval(bound.call, dict(bound.names))
        with pytest.raises(DeadlineExceeded):
            eval(bound.call, dict(bound.names))
        with pytest.raises(ChannelRetired):
            eval("drain()", dict(bound.names))


@ways
def test_ctrl_c(name: str, variant: str) -> None:
    """The wait ends with it. A ring whose client is native goes on; the answer that comes is nobody's."""
    assert threading.current_thread() is threading.main_thread()
    with opened(RINGS[name]) as rung:
        pid = rung.worker_pid() or 0
        start, _ = time.monotonic(), Later(os.getpid(), signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            call_once(endless(rung, variant))
        assert time.monotonic() - start < SOON_S
        if name == "shm_ring":
            assert is_running(pid)
        else:
            assert_retired(rung, variant, pid, "KeyboardInterrupt")


@pytest.mark.parametrize("window", [1, 8, 64])
@ways
def test_numbers_that_wrap(name: str, variant: str, window: int) -> None:
    """600 calls across 2^32, one by one and pipelined."""
    with opened(LATE[name]) as rung:
        for i in range(100):
            assert add(rung, variant, i, 1) == i + 1
        compile_block(adding(rung, variant, window=window))(300)
        for i in range(200):
            assert add(rung, variant, i, 7) == i + 7


@pytest.mark.parametrize("size", [1000, 2**20])
@pytest.mark.parametrize("window", [1, 8, 64])
@ways
def test_pipelined_payload(name: str, variant: str, window: int, size: int) -> None:
    """The larger one fills the staging area before the window is full: 8 MiB each, and 64 MiB for all."""
    with opened(RINGS[name]) as rung:
        workload = make_workload(KERNELS["relu"], size)
        buffers = rung.place(workload, "host")
        bound = rung.bind(buffers, "prebound", variant, "pipelined", (("cores", 2), ("window", window)))
        compile_block(bound)(150 if size < 2**20 else 20)
        assert check_outputs(workload, outputs_of(rung, buffers, bound, None)) == ""


@ways
def test_a_refused_call_harms_no_other(name: str, variant: str) -> None:
    with opened(RINGS[name]) as rung:
        workload = make_workload(KERNELS["relu"], 7)
        buffers = rung.place(workload, "host")
        bound = rung.bind(buffers, "fresh", variant)
        changes: list[dict[str, Any]] = [{"x": None}, {"size": 8}, {"size": 2**32}, {"out": np.zeros(7)}]
        for change in changes:
            with pytest.raises((TypeError, ValueError, OverflowError, BadArgument)):
                eval(bound.call, {**bound.names, **change})
        assert check_outputs(workload, outputs_of(rung, buffers, bound, call_once(bound))) == ""


@ways
def test_a_parked_worker_answers_and_costs_nothing(name: str, variant: str) -> None:
    with opened(RINGS[name]) as rung:
        bound = adding(rung, variant)
        call_once(bound)
        worker = psutil.Process(rung.worker_pid())
        assert waits_until(lambda: worker.status() == psutil.STATUS_SLEEPING)
        before = worker.cpu_times()
        time.sleep(0.3)
        assert sum(worker.cpu_times()[:2]) - sum(before[:2]) < 0.05
        assert eval(bound.call, dict(bound.names)) == 42


@ways
def test_a_worker_that_was_left_awake_falls_asleep(name: str, variant: str) -> None:
    """A call that raised left the block before it could park the worker; the next one wakes it."""
    with opened(RINGS[name]) as rung:
        bound = adding(rung, variant)
        for line in bound.setup:
            eval(line, dict(bound.names))
        worker = psutil.Process(rung.worker_pid())
        assert waits_until(lambda: worker.status() == psutil.STATUS_SLEEPING, 10)
        assert eval(bound.call, dict(bound.names)) == 42
