"""Launches by the C loop, on a device that is this process: order, results, and errors that are not swallowed."""

from __future__ import annotations

import ctypes
from typing import cast

import pytest

from ffi_spectrum.device.session import Session
from ffi_spectrum.errors import DeviceLost
from ffi_spectrum.kernels.table import KERNELS
from ffi_spectrum.kernels.workload import Workload, check_outputs, make_workload
from ffi_spectrum.measure.loop import call_once, compile_block, compile_far_block, outputs_of
from ffi_spectrum.rungs.base import Buffers
from ffi_spectrum.rungs.cuda_loop import CudaLoop

from ..fake_device import FakeSession


def add(parameters: int) -> int:
    """The kernel `add`: two int64, and where the result goes."""
    a, b, result = (ctypes.POINTER(ctypes.c_int64) * 3).from_address(parameters)
    ctypes.cast(result[0], ctypes.POINTER(ctypes.c_int64))[0] = a[0] + b[0]
    return 0


def opened(fake: FakeSession) -> tuple[CudaLoop, Workload, Buffers]:
    rung = CudaLoop({})
    rung.session, rung._is_open = cast("Session", fake), True
    workload = make_workload(KERNELS["add"], 0)
    return rung, workload, rung.place(workload, "device")


@pytest.mark.parametrize(("strategy", "waits"), [("per_call", 3), ("pipelined", 1)])
def test_a_block_waits_as_its_strategy_says(strategy: str, waits: int) -> None:
    fake = FakeSession(add)
    rung, workload, buffers = opened(fake)
    bound = rung.bind(buffers, "prebound", "", strategy)  # type: ignore[arg-type]
    compile_block(bound)(3)
    assert fake.log.count("launch") == 3
    assert fake.log.count("wait for stream") == waits
    assert fake.log[-1] == "wait for stream"
    assert check_outputs(workload, outputs_of(rung, buffers, bound, call_once(bound))) == ""


def test_the_loop_launches_behind_a_held_stream() -> None:
    fake = FakeSession(add)
    rung, workload, buffers = opened(fake)
    loop = rung.loop(buffers)
    compile_far_block(loop)(4)
    assert fake.log == ["hold", *["launch"] * 4, "release"]
    assert check_outputs(workload, outputs_of(rung, buffers, loop, call_once(loop))) == ""


def test_a_loop_that_launched_less_is_no_quick_one() -> None:
    fake = FakeSession(lambda parameters: 700)
    rung, _, buffers = opened(fake)
    with pytest.raises(DeviceLost, match="launching in a loop: an illegal address"):
        compile_far_block(rung.loop(buffers))(4)
    assert fake.log == ["hold", "launch", "release"]


def test_the_parts_of_a_call_are_the_held_launches_and_a_call_of_nothing() -> None:
    fake = FakeSession(add)
    rung, workload, buffers = opened(fake)
    parts = rung.case_parts(next(iter(CudaLoop.ways(workload.kernel))), buffers)
    assert set(parts) == {"held", "nothing"}
    compile_block(parts["held"])(2)
    assert fake.log == ["hold", "launch", "launch", "release"]
    compile_block(parts["nothing"])(2)
    assert fake.log.count("launch") == 2
