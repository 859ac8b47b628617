"""Rungs whose worker owns a device, on an engine of NumPy's: where arrays lie, what fails, and how it is told."""

from __future__ import annotations

import gc
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
import psutil
import pytest

from ffi_spectrum.case import Placement
from ffi_spectrum.device.geometry import GEOMETRY
from ffi_spectrum.errors import (
    BadArgument,
    CallError,
    ChannelRetired,
    DeadlineExceeded,
    DeviceLost,
    DeviceMemoryExhausted,
    FarSideDied,
)
from ffi_spectrum.kernels.table import KERNELS
from ffi_spectrum.kernels.workload import Workload, check_outputs, make_workload, poison_outputs
from ffi_spectrum.measure.loop import call_once, compile_block, compile_far_block, outputs_of
from ffi_spectrum.rungs.base import BoundCall
from ffi_spectrum.rungs.device_memory import ARENA_NBYTES
from ffi_spectrum.rungs.far_device import FarDevice
from ffi_spectrum.toolchain.build import Toolchain
from ffi_spectrum.toolchain.target import Build

from .device_rungs import KINDS, TREE
from .numpy_engine import HUNGRY, ILLEGAL
from .opened import with_worker

pytestmark = pytest.mark.timeout(120)

VARIANTS = [
    pytest.param(name, variant, id=f"{name}.{variant}")
    for name, kind in KINDS.items()
    for variant in kind.info.variants["prebound"]
]
by_variant = pytest.mark.parametrize(("name", "variant"), VARIANTS)
by_rung = pytest.mark.parametrize("name", KINDS)


@contextmanager
def opened(name: str, build: Build = "timed", engine: str = "") -> Iterator[FarDevice]:
    """The rung with its worker, which is ended in any case."""
    if name == "device_grpc":
        pytest.importorskip("grpc", reason="the gRPC rung needs its packages: `pip install grpcio grpcio-tools`")
    kind = KINDS[name]
    rung = kind(kind.build(Toolchain(build=build)))
    if engine:
        rung.engine = engine  # type: ignore[misc]
    with with_worker(rung):
        yield rung


@pytest.fixture(autouse=True)
def _engine_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(TREE))


@pytest.fixture
def rung(name: str) -> Iterator[FarDevice]:
    with opened(name) as found:
        yield found


def adding(rung: FarDevice, variant: str, a: int, b: int = 2) -> BoundCall:
    buffers = rung.place(Workload(KERNELS["add"], 0, {}, {"a": a, "b": b}), "none")
    return rung.bind(buffers, "prebound", variant)


def spinning(rung: FarDevice, variant: str) -> BoundCall:
    """A call that takes a minute."""
    buffers = rung.place(Workload(KERNELS["spin"], 0, {"steps": 1000}, {"seed": 1}), "none")
    bound = rung.far_side(buffers, variant)
    assert bound is not None
    return replace(bound, names={**bound.names, "times": 60_000_000})


@by_rung
def test_every_kernel_in_every_way(name: str, rung: FarDevice) -> None:
    for kernel in (KERNELS[kernel] for kernel in GEOMETRY):
        for way in rung.ways(kernel):
            for size in (0, 7, 1023) if kernel.dims(1) else (0,):
                workload = make_workload(kernel, size)
                poison_outputs(workload)
                buffers = rung.place(workload, way.placement)
                bound = rung.bind(buffers, way.form, way.variant, way.strategy, way.params)
                assert check_outputs(workload, outputs_of(rung, buffers, bound, call_once(bound))) == "", way.id


@by_rung
def test_one_crossing_makes_many_launches(name: str) -> None:
    with opened(name, "counting") as rung:
        kernel = KERNELS["saxpy"]
        for way in rung.ways(kernel):
            buffers = rung.place(make_workload(kernel, 7), way.placement)
            far = rung.far_side(buffers, way.variant)
            assert far is not None
            near, block = compile_block(rung.bind(buffers, way.form, way.variant)), compile_far_block(far)
            before = rung.count(kernel) or 0
            near(3)
            block(1000)
            block(0)
            assert (rung.count(kernel) or 0) - before == 1003, way.id


@by_rung
def test_the_host_s_kernels_are_not_the_device_s(name: str, rung: FarDevice) -> None:
    assert "numeric" in rung.missing(KERNELS["crc32"], 8)
    assert rung.missing(KERNELS["saxpy"], 8) == ""
    assert "a request may carry" in rung.missing(KERNELS["saxpy"], 2**26)


@by_rung
def test_a_call_without_a_variant_leaves_the_worker_free(name: str, rung: FarDevice) -> None:
    """The worker of a device has one thread: a stream would keep it for itself."""
    bound = adding(rung, "", 40)
    assert [call_once(bound), call_once(bound)] == [42, 42]
    assert rung.count(KERNELS["add"]) is None
    assert call_once(bound) == 42


@by_rung
@pytest.mark.parametrize("placement", ["shared", "device"])
def test_what_is_placed_stays_where_it_is(name: str, placement: Placement, rung: FarDevice) -> None:
    """The caller's arrays are read when they are placed and never written; only `fetch` brings results."""
    workload = make_workload(KERNELS["relu"], 100)
    right = np.maximum(workload.values["x"], 0)
    buffers = rung.place(workload, placement)
    workload.values["x"][:] = 1e9
    poison_outputs(workload)
    variant = rung.info.variants["prebound"][-1]
    call_once(rung.bind(buffers, "prebound", variant))
    assert np.isnan(workload.values["out"]).all()
    np.testing.assert_array_equal(rung.fetch(buffers)["out"], right)


@by_rung
def test_arrays_on_the_device_are_given_back(name: str, rung: FarDevice) -> None:
    workload = make_workload(KERNELS["relu"], 2**20)
    for _ in range(2 * ARENA_NBYTES // (2 * 4 * 2**20)):
        buffers = rung.place(workload, "device")
    kept = [buffers]
    with pytest.raises(CallError, match="let go of calls"):
        kept += (rung.place(workload, "device") for _ in range(100))
    del kept[1:]
    gc.collect()
    assert rung.place(workload, "device").placed["x"].nbytes == 4 * 2**20


@by_rung
def test_results_can_be_fetched_when_the_rung_is_closed(name: str, rung: FarDevice) -> None:
    workload = make_workload(KERNELS["relu"], 100)
    buffers = rung.place(workload, "device")
    bound = rung.bind(buffers, "prebound", rung.info.variants["prebound"][-1])
    rung.close()
    assert check_outputs(workload, outputs_of(rung, buffers, bound, call_once(bound))) == ""


@by_variant
def test_a_kernel_that_fails_loses_the_device_for_its_worker_only(name: str, variant: str, rung: FarDevice) -> None:
    bad, good = adding(rung, variant, ILLEGAL), adding(rung, variant, 40)
    assert call_once(good) == 42
    for call in (bad, good, good):
        with pytest.raises(DeviceLost, match=r"illegal address.*by the worker: open the rung again") as caught:
            call_once(call)
        assert caught.value.code == 700
    with pytest.raises(DeviceLost):
        rung.count(KERNELS["add"])
    with pytest.raises(DeviceLost):
        rung.place(make_workload(KERNELS["relu"], 7), "device")
    assert psutil.pid_exists(rung.worker_pid() or 0)
    with opened(name) as another:
        assert call_once(adding(another, variant, 40)) == 42


@by_variant
def test_a_device_that_refuses_can_be_asked_again(name: str, variant: str, rung: FarDevice) -> None:
    good = adding(rung, variant, 40)
    with pytest.raises(DeviceMemoryExhausted, match="no memory is left on the device"):
        call_once(adding(rung, variant, HUNGRY))
    assert call_once(good) == 42


@by_rung
def test_a_device_that_cannot_be_opened(name: str) -> None:
    before = {child.pid for child in psutil.Process().children()}
    with pytest.raises(DeviceMemoryExhausted), opened(name, engine="tests.unit.rungs.full_engine"):
        pytest.fail("it was opened")
    assert {child.pid for child in psutil.Process().children()} <= before


@by_variant
def test_a_worker_killed_in_a_call(name: str, variant: str, rung: FarDevice) -> None:
    died: list[float] = []

    def kill() -> None:
        died.append(time.monotonic())
        os.kill(rung.worker_pid() or 0, signal.SIGKILL)

    call, good = spinning(rung, variant), adding(rung, variant, 40)
    timer = threading.Timer(0.3, kill)
    timer.start()
    with pytest.raises(FarSideDied, match="SIGKILL"):
        call_once(call)
    assert time.monotonic() - died[0] < 2  # and not the deadline of 10 s
    timer.join(1)
    with pytest.raises(ChannelRetired, match="SIGKILL"):
        call_once(good)
    with opened(name) as another:
        assert call_once(adding(another, variant, 40)) == 42


@by_variant
def test_a_kernel_that_does_not_end(name: str, variant: str, rung: FarDevice) -> None:
    rung.deadline_s = 0.5
    call, good, pid = spinning(rung, variant), adding(rung, variant, 40), rung.worker_pid() or 0
    with pytest.raises(DeadlineExceeded, match=r"no answer within 0\.5 s, and was killed"):
        call_once(call)
    assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    with pytest.raises(ChannelRetired):
        call_once(good)


@pytest.mark.parametrize("name", ["device_ring", "device_uds"])
def test_arrays_that_the_worker_has_not_mapped(name: str, rung: FarDevice) -> None:
    workload = make_workload(KERNELS["relu"], 100)
    bound: Any = rung.bind(rung.place(workload, "shared"), "fresh", rung.info.variants["fresh"][-1])
    with pytest.raises(BadArgument, match="place it there"):
        eval(bound.call, {**bound.names, "x": workload.values["x"]})
