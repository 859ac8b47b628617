"""Cases in which one crossing makes many calls: a batch over arrays, or a recorded list."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ffi_spectrum.case import Case, Params
from ffi_spectrum.kernels.derived import batched
from ffi_spectrum.kernels.spec import KernelSpec
from ffi_spectrum.kernels.workload import check_outputs, expected_outputs, make_workload, poison_outputs
from ffi_spectrum.measure.loop import call_once, outputs_of
from ffi_spectrum.rungs.base import BoundCall, Rung
from ffi_spectrum.rungs.mixture import mixed_calls
from ffi_spectrum.rungs.recording import Recording


@dataclass(frozen=True, slots=True)
class WideCall:
    """`bound` makes `calls` calls of the kernel by one crossing; `check` runs it and says what differs."""

    bound: BoundCall
    calls: int
    check: Callable[[], str]


def calls_of(case: Case) -> int:
    """How many calls of the case's kernel one crossing makes: half of those that a mixed list holds."""
    params = dict(case.params)
    return params.get("calls", 1) // (2 if "mixed" in params else 1)


def _bound_params(case: Case) -> Params:
    """Those of the call itself: which CPUs it is between."""
    return tuple(param for param in case.params if param[0] == "cores")


def prepare_wide(rung: Rung, kernel: KernelSpec, case: Case) -> WideCall:
    """Bind a batched or replayed case on data of its own; raises what `place` and `bind` raise."""
    if "mixed" in dict(case.params):
        return _mixture(rung, case)
    return (_batch if case.strategy == "batched" else _replay)(rung, kernel, case)


def _batch(rung: Rung, kernel: KernelSpec, case: Case) -> WideCall:
    workload = make_workload(batched(kernel, calls_of(case)), case.size)
    poison_outputs(workload)
    expected = expected_outputs(workload)
    buffers = rung.place(workload, "none" if workload.kernel.is_scalar else case.placement)
    bound = rung.bind(buffers, case.form, case.variant, params=_bound_params(case))

    def check() -> str:
        return check_outputs(workload, outputs_of(rung, buffers, bound, call_once(bound)), expected)

    return WideCall(bound, calls_of(case), check)


def _replay(rung: Rung, kernel: KernelSpec, case: Case) -> WideCall:
    """The same call on the same buffers, as often as the case says: what a far-side loop does, from a list."""
    workload = make_workload(kernel, case.size)
    poison_outputs(workload)
    expected: dict[str, Any] = expected_outputs(workload)
    buffers = rung.place(workload, "none" if kernel.is_scalar else case.placement)
    recording = Recording(rung, case.variant, _bound_params(case))
    first = recording.add(buffers, calls_of(case))
    recorded = recording.finish()

    def check() -> str:
        call_once(recorded.bound)
        found = check_outputs(workload, recorded.outputs(first), expected)  # one memory for the outputs of all calls
        if not found and kernel.returns:
            values = recorded.values(first, calls_of(case))
            same = values.view(np.uint8).reshape(len(values), -1)
            if (same != same[0]).any():
                return f"the calls of one list returned {len(set(values.tolist()))} different results"
        return found

    return WideCall(recorded.bound, calls_of(case), check)


def _mixture(rung: Rung, case: Case) -> WideCall:
    """A shuffled list of this kernel's calls and another's, every call with numbers of its own."""
    params = dict(case.params)
    recording = Recording(rung, case.variant, _bound_params(case))
    placed = {}  # one call that takes nothing is like another
    wanted: dict[int, int | None] = {}
    for workload, result in mixed_calls(params["calls"]):
        if id(workload) not in placed:
            placed[id(workload)] = rung.place(workload, "none")
        wanted[recording.add(placed[id(workload)])] = result
    recorded = recording.finish(keep_order="ordered" in params)

    def check() -> str:
        call_once(recorded.bound)
        wrong = [number for number, result in wanted.items() if recorded.value(number) != result]
        return f"call {wrong[0]} of {len(wanted)} returned {recorded.value(wrong[0])}" if wrong else ""

    return WideCall(recorded.bound, calls_of(case), check)
