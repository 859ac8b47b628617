"""A batch is a kernel like any other: every rung with the native library or a guest gets it right."""

from __future__ import annotations

import numpy as np
import pytest

from ffi_spectrum.kernels.derived import batched
from ffi_spectrum.kernels.spec import KernelSpec, Missing
from ffi_spectrum.kernels.table import KERNELS
from ffi_spectrum.kernels.workload import check_outputs, make_workload, poison_outputs
from ffi_spectrum.measure.loop import call_once, outputs_of
from ffi_spectrum.rungs.base import Rung

from ..rungs.opened import open_rung

RUNGS = ("ctypes", "cffi_api", "wasmtime_fast")
CALLS = 3


@pytest.fixture(scope="module", params=RUNGS)
def rung(request: pytest.FixtureRequest) -> Rung:
    return open_rung(request.param)


@pytest.mark.parametrize("kernel", KERNELS.values(), ids=lambda kernel: kernel.name)
@pytest.mark.parametrize("size", [1, 7])
def test_a_batch_is_bound_and_checked_like_any_kernel(kernel: KernelSpec, size: int, rung: Rung) -> None:
    workload = make_workload(batched(kernel, CALLS), size)
    poison_outputs(workload)
    placement = next(rung.ways(workload.kernel)).placement
    buffers = rung.place(workload, placement)
    bound = rung.bind(buffers, "prebound")
    assert check_outputs(workload, outputs_of(rung, buffers, bound, call_once(bound))) == ""


def test_each_item_of_a_batch_has_its_own_values() -> None:
    workload = make_workload(batched(KERNELS["add"], 100), 0)
    assert len(set(workload.values["a"].tolist())) > 1
    expected = workload.values["a"].astype(object) + workload.values["b"].astype(object)
    answer = workload.kernel.oracle(workload.values, workload.dims)["ffis_results"]
    np.testing.assert_array_equal(answer.astype(object), expected)


def test_numpy_does_a_batch_of_adds_at_once() -> None:
    spec = batched(KERNELS["add"], 4)
    assert not isinstance(spec.numpy, Missing)
    assert isinstance(batched(KERNELS["crc32"], 4).numpy, Missing)
