"""N calls reach the far side N times: shown on the build that counts, for every rung that has a far side."""

from __future__ import annotations

import pytest

from ffi_spectrum.kernels.spec import KernelSpec
from ffi_spectrum.kernels.table import KERNELS
from ffi_spectrum.kernels.workload import make_workload
from ffi_spectrum.measure.loop import compile_block, compile_far_block
from ffi_spectrum.rungs.base import Rung

from .agreement import bind
from .cells import CLASSES, FAR_SIDED, far_ways, pairs, ways
from .opened import OpenRungs

SIZE = 4
CALLS = 137


def entered(rung: Rung, kernel: KernelSpec) -> int:
    count = rung.count(kernel)
    assert count is not None, f"{rung.info.name} has a far side and no count of it"
    return count


@pytest.mark.parametrize(("name", "kernel"), pairs(names=FAR_SIDED))
def test_calls_are_counted(name: str, kernel: KernelSpec, counting_rungs: OpenRungs) -> None:
    rung = counting_rungs.get(name, kernel, SIZE)
    for way in ways(name, kernel):
        buffers = rung.place(make_workload(kernel, SIZE), way.placement)
        block = compile_block(bind(rung, buffers, way))
        before = entered(rung, kernel)
        block(CALLS)
        assert entered(rung, kernel) - before == CALLS, way.id
        block(0)
        assert entered(rung, kernel) - before == CALLS, way.id


@pytest.mark.parametrize(("name", "kernel"), pairs(names=FAR_SIDED))
def test_far_calls_are_counted(name: str, kernel: KernelSpec, counting_rungs: OpenRungs) -> None:
    rung = counting_rungs.get(name, kernel, SIZE)
    for way in far_ways(name, kernel):
        buffers = rung.place(make_workload(kernel, SIZE), way.placement)
        far = rung.far_side(buffers, way.variant)
        assert far is not None
        block = compile_far_block(far)
        before = entered(rung, kernel)
        block(CALLS)
        assert entered(rung, kernel) - before == CALLS, way.id
        block(0)
        assert entered(rung, kernel) - before == CALLS, way.id


@pytest.mark.parametrize("name", FAR_SIDED)
def test_the_timed_build_does_not_count(name: str, rungs: OpenRungs, pytestconfig: pytest.Config) -> None:
    if pytestconfig.getoption("build") == "counting":
        pytest.skip("this run calls the counting build")
    rung = rungs.get(name)
    assert rung.count(KERNELS["noop"]) is None


@pytest.mark.parametrize("name", [name for name in CLASSES if not CLASSES[name].info.has_far_side])
def test_no_far_side(name: str, rungs: OpenRungs) -> None:
    """A rung that crosses nothing has neither a far side nor a count of it."""
    rung = rungs.get(name)
    assert rung.count(KERNELS["noop"]) is None
    for kernel in KERNELS.values():
        if not rung.missing(kernel, SIZE):
            buffers = rung.place(make_workload(kernel, SIZE), "host")
            assert rung.far_side(buffers) is None
