"""Every rung x kernel x size x form x placement x variant gives the oracle's result, and the native library's bits."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from ffi_spectrum.case import Case
from ffi_spectrum.kernels.spec import KernelSpec
from ffi_spectrum.kernels.table import KERNELS
from ffi_spectrum.kernels.workload import Workload, check_outputs, make_workload
from ffi_spectrum.measure.loop import call_once, outputs_of
from ffi_spectrum.rungs.base import Rung

from .agreement import Outputs, Reference, bind, difference, run
from .cells import FAR_SIDED, cases, far_ways, has_sizes, pairs, ways
from .data import copies, has_floats, special_workload, without_subnormals
from .opened import OpenRungs

SIZES = (0, 1, 7, 1023, 4096)
FLOAT_KERNELS = tuple(kernel for kernel in KERNELS.values() if has_floats(kernel))


def far_cases() -> list[Any]:
    found = []
    for name in FAR_SIDED:
        for kernel in KERNELS.values():
            for way in far_ways(name, kernel):
                for size in SIZES if has_sizes(kernel) else (0,):
                    case = replace(way, size=size)
                    found.append(pytest.param(case, id=case.id))
    return found


def assert_agrees(rung: Rung, workload: Workload, outputs: Outputs, reference: Reference, key: object) -> None:
    """The outputs are the oracle's within the tolerance, and the native library's if the rung promises that."""
    assert check_outputs(workload, outputs) == ""
    if rung.info.agreement == "bit-identical":
        assert difference(workload.kernel, outputs, reference.outputs(workload, key)) == ""


@pytest.mark.parametrize("case", cases(SIZES))
def test_result(case: Case, rungs: OpenRungs, reference: Reference) -> None:
    kernel = KERNELS[case.kernel]
    rung = rungs.get(case.rung, kernel, case.size)
    workload = make_workload(kernel, case.size)
    before = copies(workload)
    outputs = run(rung, workload, case)
    outputs = {name: np.copy(value) for name, value in outputs.items()}
    assert_agrees(rung, workload, outputs, reference, (kernel.name, case.size))
    for name, value in before.items():
        np.testing.assert_array_equal(workload.values[name], value, f"{name} is an input, and was written")


@pytest.mark.parametrize("case", cases((1, 7, 1023), FLOAT_KERNELS))
def test_special_values(case: Case, rungs: OpenRungs, reference: Reference) -> None:
    kernel = KERNELS[case.kernel]
    rung = rungs.get(case.rung, kernel, case.size)
    for seed in range(4):
        workload = special_workload(kernel, case.size, seed)
        if rung.info.flushes_subnormals:
            workload = without_subnormals(workload)
        with np.errstate(all="ignore"):
            try:
                outputs = run(rung, workload, case)
            except ValueError:
                # Python's math raises where C returns NaN (documentation of `math`: "Annex F ... invalid")
                assert rung.info.agreement == "tolerance"
                assert np.isnan(kernel.oracle(workload.values, workload.dims)["return"])
                continue
            outputs = {name: np.copy(value) for name, value in outputs.items()}
            assert_agrees(rung, workload, outputs, reference, (kernel.name, case.size, seed))


@pytest.mark.parametrize("case", far_cases())
def test_far_side(case: Case, rungs: OpenRungs, reference: Reference) -> None:
    """One crossing with three calls on the far side leaves what one call leaves."""
    kernel = KERNELS[case.kernel]
    rung = rungs.get(case.rung, kernel, case.size)
    workload = make_workload(kernel, case.size)
    buffers = rung.place(workload, case.placement)
    bound = rung.far_side(buffers, case.variant)
    assert bound is not None
    assert "times" in bound.names
    value = call_once(replace(bound, names={**bound.names, "times": 3}))
    outputs = outputs_of(rung, buffers, bound, value)
    outputs = {name: np.copy(output) for name, output in outputs.items()}
    assert_agrees(rung, workload, outputs, reference, (kernel.name, case.size))


@pytest.mark.parametrize(("name", "kernel"), pairs())
def test_two_workloads_live_side_by_side(name: str, kernel: KernelSpec, rungs: OpenRungs) -> None:
    """What is placed and bound second neither moves nor overwrites what was first."""
    rung = rungs.get(name, kernel, 100)
    for way in ways(name, kernel):
        workloads = [make_workload(kernel, 100, seed) for seed in (1, 2)]
        placed = [rung.place(workload, way.placement) for workload in workloads]
        bounds = [bind(rung, buffers, way) for buffers in placed]
        values = [call_once(bound) for bound in bounds]
        for workload, buffers, bound, value in zip(workloads, placed, bounds, values, strict=True):
            assert check_outputs(workload, outputs_of(rung, buffers, bound, value)) == "", way.id
