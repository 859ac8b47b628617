"""Bad input: the harness refuses it before anything crosses, and each rung refuses what it says it does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from ffi_spectrum.case import Case
from ffi_spectrum.errors import BadArgument, RungClosed
from ffi_spectrum.kernels.spec import KernelSpec
from ffi_spectrum.kernels.table import KERNELS
from ffi_spectrum.kernels.workload import Workload, check_outputs, make_workload
from ffi_spectrum.measure.loop import call_once, outputs_of
from ffi_spectrum.rungs.base import Check, Rung

from .agreement import bind
from .bad_values import SPOILS, miscounted, overlapping, overlong, spoiled
from .cells import CLASSES, pairs, ways
from .opened import OpenRungs
from .raw_calls import REFUSALS, SIZE, bad_calls, fresh_calls, surplus_call

CLAIMS = [
    pytest.param(name, check, id=f"{name}/{check}") for name in CLASSES for check in sorted(CLASSES[name].info.checks)
]
WORKLOADS: dict[str, Callable[[Workload], Iterator[Workload]]] = {
    "wrong count": miscounted,
    "length that is no such count": overlong,
    "output that overlaps": overlapping,
}


def refusal_of(rung: Rung, workload: Workload, way: Case) -> str:
    """What the harness says when it refuses the workload; "" where it accepts it."""
    try:
        rung.place(workload, way.placement)
    except BadArgument as refused:
        return str(refused)
    return ""


def test_each_kind_of_bad_value_is_met() -> None:
    """No kind is there in vain: each spoils an argument of some kernel."""
    right = [make_workload(kernel, SIZE) for kernel in KERNELS.values()]
    for how in SPOILS:
        assert any(list(spoiled(workload, how)) for workload in right), how
    for how, make in WORKLOADS.items():
        assert any(list(make(workload)) for workload in right), how


@pytest.mark.parametrize(("name", "kernel"), pairs())
def test_harness_refuses_bad_values(name: str, kernel: KernelSpec, rungs: OpenRungs) -> None:
    rung = rungs.get(name, kernel, SIZE)
    right = make_workload(kernel, SIZE)
    for way in ways(name, kernel):
        rung.place(right, way.placement)
        for how in SPOILS:
            for argument, workload in spoiled(right, how):
                assert kernel.name in refusal_of(rung, workload, way), f"{how} for {argument}"


@pytest.mark.parametrize(("name", "kernel"), pairs())
def test_harness_refuses_bad_shapes(name: str, kernel: KernelSpec, rungs: OpenRungs) -> None:
    rung = rungs.get(name, kernel, SIZE)
    right = make_workload(kernel, SIZE)
    for way in ways(name, kernel):
        for how, make in WORKLOADS.items():
            for workload in make(right):
                assert kernel.name in refusal_of(rung, workload, way), f"{how}: {dict(workload.dims)}"


@pytest.mark.parametrize(("name", "kernel"), pairs())
def test_closed_rung(name: str, kernel: KernelSpec, rungs: OpenRungs) -> None:
    """A closed rung refuses to place and to bind; what was bound before still gives the right answer."""
    rungs.get(name, kernel, SIZE)
    rung = rungs.open_another(name)
    way = next(ways(name, kernel))
    workload = make_workload(kernel, SIZE)
    buffers = rung.place(workload, way.placement)
    bound = bind(rung, buffers, way)
    rung.close()
    with pytest.raises(RungClosed, match=name):
        rung.place(workload, way.placement)
    with pytest.raises(RungClosed, match=name):
        bind(rung, buffers, way)
    assert check_outputs(workload, outputs_of(rung, buffers, bound, call_once(bound))) == ""
    rung.close()


@pytest.mark.parametrize("name", CLASSES)
def test_rung_that_was_never_opened(name: str, rungs: OpenRungs) -> None:
    rung = type(rungs.get(name))(rungs.get(name).artifacts)
    with pytest.raises(RungClosed, match=name):
        rung.place(make_workload(KERNELS["noop"], 0), "none")


@pytest.mark.parametrize(("name", "check"), CLAIMS)
def test_rung_refuses_what_it_claims(name: str, check: Check, rungs: OpenRungs) -> None:
    rung = rungs.get(name)
    tried, accepted = 0, []
    for workload, bound in fresh_calls(rung, check):
        for what, bad in bad_calls(rung, check, workload, bound):
            tried += 1
            try:
                value: Any = call_once(bad)
            except REFUSALS:
                continue
            accepted.append(f"{workload.kernel.name}: {bad.call} took {what}, and gave {value!r}")
    assert tried
    assert not accepted, "\n".join(accepted)


@pytest.mark.parametrize("name", [name for name in CLASSES if "count" in CLASSES[name].info.checks])
def test_surplus_argument(name: str, rungs: OpenRungs) -> None:
    """One argument too many is refused, or (in C's calling convention) changes nothing."""
    rung = rungs.get(name)
    for workload, bound in fresh_calls(rung, "count"):
        surplus = surplus_call(bound)
        try:
            value = call_once(surplus)
        except REFUSALS:
            continue
        right = workload.kernel.oracle(workload.values, workload.dims).get("return")
        np.testing.assert_allclose(
            np.asarray(value, np.float64) if right is not None else 0,
            np.asarray(right, np.float64) if right is not None else 0,
            rtol=1e-6,
            err_msg=surplus.call,
        )
