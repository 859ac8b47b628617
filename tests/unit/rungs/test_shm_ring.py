"""What only the native client of the ring promises: its window, its arena, its GIL, and calls that are interrupted."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from ffi_spectrum.errors import BadArgument, CallError, FarSideDied, Unavailable
from ffi_spectrum.kernels.table import KERNELS
from ffi_spectrum.kernels.workload import Workload, make_workload
from ffi_spectrum.measure.loop import call_once, compile_block, compile_far_block
from ffi_spectrum.remote import ring_channel
from ffi_spectrum.remote.cores import worker_cpu
from ffi_spectrum.rungs.base import BoundCall
from ffi_spectrum.rungs.ring import STAGING_NBYTES
from ffi_spectrum.rungs.shm_ring import ShmRing
from ffi_spectrum.toolchain.build import Toolchain
from ffi_spectrum.toolchain.extension import load_extension

from .remote_rungs import Later
from .rings import add, adding, endless, opened

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def rung() -> Iterator[ShmRing]:
    with opened(ShmRing) as found:
        assert isinstance(found, ShmRing)
        yield found


def submit_of(rung: ShmRing, window: int) -> tuple[Any, Any]:
    """The methods that submit an addition, and that collect what is outstanding; the worker spins."""
    bound = adding(rung, "hybrid", window=window)
    bound.names["_set_up"]()
    return bound.names["add_submit"], bound.names["drain"]


@pytest.mark.parametrize("window", [1, 2, 8, 64])
def test_answers_come_in_order(rung: ShmRing, window: int) -> None:
    """A submission hands back the value of the call that it had to collect; `drain` the last one's."""
    submit, drain = submit_of(rung, window)
    collected = [submit(i, 1) for i in range(200)]
    assert collected[:window] == [None] * window
    assert collected[window:] == [i + 1 for i in range(200 - window)]
    assert drain() == 200
    assert drain() is None


def test_a_call_takes_in_what_is_outstanding(rung: ShmRing) -> None:
    submit, drain = submit_of(rung, 64)
    for i in range(10):
        submit(i, i)
    assert rung.link.channel.add(1, 2) == 3
    assert drain() is None


@pytest.mark.parametrize("window", [0, 65])
def test_windows_that_the_ring_has_not(rung: ShmRing, window: int) -> None:
    with pytest.raises(ValueError, match="from 1 to 64"):
        rung.link.channel.configure(window=window)


def interrupted(rung: ShmRing, bound: BoundCall) -> None:
    Later(os.getpid(), signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        call_once(bound)


@pytest.mark.parametrize("variant", ["spin", "futex"])
def test_the_answer_to_an_interrupted_call_is_nobodys(rung: ShmRing, variant: str) -> None:
    """It is waited for, its outputs are not written, and the next call gets its own."""
    workload = make_workload(KERNELS["relu"], 4096)
    out = workload.values["out"]
    bound = rung.far_side(rung.place(workload, "host"), variant)
    assert bound is not None
    times = 10_000
    while compile_far_block(bound)(times) < 400_000_000:
        times *= 2
    out.fill(-1)
    interrupted(rung, BoundCall(bound.call, {**bound.names, "times": times}, setup=bound.setup))
    assert add(rung, variant, 20, 3) == 23
    assert (out == -1).all()


def test_a_pipelined_loop_that_was_left_writes_nothing_later(rung: ShmRing) -> None:
    """Its buffers may be gone when the next call takes in what was outstanding."""
    workload = make_workload(KERNELS["relu"], 4096)
    out = workload.values["out"]
    bound = rung.bind(rung.place(workload, "host"), "prebound", "hybrid", "pipelined", (("cores", 2), ("window", 8)))
    bound.names["_set_up"]()
    submit = bound.names["relu_submit"]
    for _ in range(3):
        submit(*(bound.names[name] for name in ("x", "out", "size")))
    out.fill(-1)
    assert add(rung, "hybrid", 20, 3) == 23
    assert (out == -1).all()


def test_one_call_at_a_time(rung: ShmRing) -> None:
    """From another thread, which runs because the wait has given the GIL away; and from a signal's handler."""
    refused: list[str] = []

    def intrude(*_: object) -> None:
        with pytest.raises(CallError, match="one call at a time"):
            rung.link.channel.add(1, 2)
        refused.append(threading.current_thread().name)

    before = signal.signal(signal.SIGUSR1, intrude)
    try:
        thread = threading.Timer(0.1, intrude)
        thread.name = "other"
        thread.start()
        Later(os.getpid(), signal.SIGUSR1, 0.2)
        interrupted_s = threading.Timer(0.4, os.kill, (os.getpid(), signal.SIGINT))
        interrupted_s.start()
        with pytest.raises(KeyboardInterrupt):
            call_once(endless(rung, "spin"))
        thread.join()
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert sorted(refused) == ["MainThread", "other"]


def test_buffers_in_the_arena_stay_there(rung: ShmRing) -> None:
    """Together they are larger than the staging area, through which nothing could be copied."""
    size = STAGING_NBYTES // 4 * 3 // 4
    x, out = (rung.link.memory.array((size,), "float32") for _ in range(2))
    assert x.nbytes + out.nbytes > STAGING_NBYTES
    x[:: size // 100] = 7
    rung.link.channel.relu(x, out, size)
    assert (out == x).all()
    rung.link.channel.relu_at(x.ctypes.data + 4, out.ctypes.data, size - 1)
    assert (out[:-1] == x[1:]).all()
    with pytest.raises(BadArgument, match=str(STAGING_NBYTES)):
        rung.link.channel.relu(np.array(x), np.array(out), size)


def test_the_far_side_takes_its_worker_to_another_cpu(rung: ShmRing) -> None:
    """Wherever the block before has left it: on one CPU, two that spin wait a time slice for each other."""
    try:
        cpu = worker_cpu(2)
    except Unavailable as absent:
        pytest.skip(absent.reason)
    buffers = rung.place(make_workload(KERNELS["add"], 0), "none")
    rung.bind(buffers, "prebound", "futex", "per_call", (("cores", 1),)).names["_set_up"]()
    assert os.sched_getaffinity(rung.worker_pid() or 0) == {worker_cpu(1)}
    far = rung.far_side(buffers, "spin")
    assert far is not None
    far.names["_set_up"]()
    assert os.sched_getaffinity(rung.worker_pid() or 0) == {cpu}
    far.names["_park"]()


def test_the_largest_request(rung: ShmRing) -> None:
    """As much as the staging area holds; one byte more is refused before anything is sent."""
    ends = rung.link.channel.ends
    data = b"\1" + bytes(STAGING_NBYTES - 2) + b"\2"
    value = ends(data, len(data))
    assert value == call_once(rung.bind(rung.place(Workload(KERNELS["ends"], 0, {"nbytes": 3}, {"data": b"\1\0\2"}),
                                                   "host"), "fresh"))  # fmt: skip
    with pytest.raises(BadArgument, match=str(STAGING_NBYTES)):
        ends(data + b"\0", len(data) + 1)
    assert ends(data, len(data)) == value


def test_addresses_out_of_bounds_are_refused(rung: ShmRing) -> None:
    """The worker sees that a buffer that begins in the arena ends behind it, and that an output lies on an input."""
    view = rung.link.memory.array((16,), "float32")
    with pytest.raises(BadArgument, match="OUT_OF_BOUNDS"):
        rung.link.channel.relu_at(view.ctypes.data, view.ctypes.data, 16)
    assert add(rung, "spin") == 42


def test_parts_need_no_worker(rung: ShmRing) -> None:
    host = rung.place(make_workload(KERNELS["relu"], 7), "host")
    shared = rung.place(make_workload(KERNELS["relu"], 7), "shared")
    found = [rung.parts(host, "prebound"), rung.parts(host, "fresh"), rung.parts(shared, "prebound")]
    scalar = rung.place(make_workload(KERNELS["add"], 0), "none")
    found.append(rung.parts(scalar, "prebound"))
    rung.link.worker.kill()
    assert [sorted(parts) for parts in found] == [["copy", "serialise"]] * 2 + [["serialise"]] * 2
    for parts in found:
        for part in parts.values():
            compile_block(part)(10)


def test_copies_go_both_ways(rung: ShmRing) -> None:
    """What the part "copy" does: inputs into the staging area, and from there whatever it holds into the outputs."""
    copy, source, target = rung.link.channel.copy, np.arange(100.0), np.zeros(100)
    copy(3, source.ctypes.data, source.nbytes, 0)
    copy(1, target.ctypes.data, target.nbytes, 1)
    assert (target == source).all()
    with pytest.raises(TypeError):
        copy(1, source.ctypes.data, source.nbytes)


def test_controls_cross_once_for_many() -> None:
    rung = ShmRing(ShmRing.build(Toolchain(build="counting")))
    rung.open()
    found = rung.controls(make_workload(KERNELS["relu"], 1000))
    assert set(found) == {"cache_line", "ring_c", "memcpy"}
    assert "memcpy" not in rung.controls(make_workload(KERNELS["add"], 0))
    before = rung.count(KERNELS["noop"]) or 0
    for control in found.values():
        compile_far_block(control)(70_000)  # in more than one part
    assert (rung.count(KERNELS["noop"]) or 0) - before == 70_000
    rung.close()


@pytest.mark.parametrize("control", ["cache_line", "ring_c"])
def test_the_worker_dies_in_a_control(rung: ShmRing, control: str) -> None:
    bound = rung.controls(make_workload(KERNELS["add"], 0))[control]
    later = Later(rung.worker_pid() or 0, signal.SIGKILL)
    with pytest.raises(FarSideDied, match="SIGKILL"):
        compile_far_block(bound)(10**9)
    assert time.monotonic() - later.sent < 3


def test_the_layout_in_python_is_that_of_the_header() -> None:
    module = load_extension("_ffis_ring", ShmRing.build(Toolchain())["extension"])
    names = [name for name in dir(module) if name.isupper()]
    assert len(names) == 8
    assert {name: getattr(ring_channel, name) for name in names} == {name: getattr(module, name) for name in names}


@pytest.mark.parametrize(("nbytes", "staging_nbytes"), [(4096, 0), (2**20, 2**20), (2**20, 100)])
def test_memory_without_room_for_a_ring(nbytes: int, staging_nbytes: int) -> None:
    module = load_extension("_ffis_ring", ShmRing.build(Toolchain())["extension"])
    with pytest.raises(ValueError, match="fits"):
        module.Channel(0, nbytes, staging_nbytes, print)
    with pytest.raises(OSError, match="descriptor"):
        module.Channel(-1, 2**20, 64, print)
