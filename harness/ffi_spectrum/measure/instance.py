"""A rung opened for one thread, and its call of one kernel as functions that need no arguments."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from ffi_spectrum.case import Case, Form, Placement
from ffi_spectrum.errors import Unavailable, WrongResult
from ffi_spectrum.kernels.spec import KernelSpec
from ffi_spectrum.kernels.table import KERNELS
from ffi_spectrum.kernels.workload import Workload, check_outputs, make_workload, poison_outputs
from ffi_spectrum.measure.compiled import compile_function
from ffi_spectrum.measure.loop import call_once, outputs_of
from ffi_spectrum.rungs.base import BoundCall
from ffi_spectrum.rungs.table import rung_class
from ffi_spectrum.toolchain.artifact import Artifact

# Long calls are made of the first of these that a rung has.
LONG_KERNELS = ("spin", "crc32", "matmul")
CHECK_SIZE = 16
# Calibration: from a call of this size, by no more than this factor a step, to within a fifth of what is asked for.
MAX_GROWTH, CLOSE_ENOUGH = 64.0, 0.8
MAX_STEPS, MAX_TRIES = 12, 10
MAX_SIZE = 2**31


@dataclass(frozen=True, slots=True)
class Way:
    """How a rung is called here: one call at a time, prebound where it can be, and with a far side on any CPU."""

    rung: str
    variant: str
    kernel: str
    form: Form
    placement: Placement

    @property
    def name(self) -> str:
        return f"{self.rung}.{self.variant}" if self.variant else self.rung

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def ways_of(rung: str) -> list[Way]:
    """One way per variant of a rung, on the first long kernel that it has; none where it has none of them."""
    found = rung_class(rung)
    for kernel in map(KERNELS.__getitem__, LONG_KERNELS):
        if not found.missing(kernel, CHECK_SIZE):
            every = [case for case in found.ways(kernel) if case.strategy == "per_call"]
            prebound = [case for case in every if case.form == "prebound"]
            cases: dict[str, Case] = {}
            for case in prebound or every:
                cases.setdefault(case.variant, case)
            return [Way(rung, v, kernel.name, case.form, case.placement) for v, case in cases.items()]
    return []


def first_way(rung: str) -> Way:
    """Raises Unavailable for a rung without any way."""
    ways = ways_of(rung)
    if not ways:
        raise Unavailable(reason_of(rung))
    return ways[0]


def reason_of(rung: str) -> str:
    """Why a rung has no way."""
    return rung_class(rung).missing(KERNELS[LONG_KERNELS[0]], CHECK_SIZE)


class Instance:
    """An open rung; for the thread that makes it. Raises Unavailable, and WrongResult where it cannot be trusted."""

    def __init__(self, way: Way, artifacts: Mapping[str, Artifact]) -> None:
        self.way = way
        self.rung = rung_class(way.rung)(artifacts)
        self.rung.open()

    @property
    def kernel(self) -> KernelSpec:
        return KERNELS[self.way.kernel]

    def check(self) -> None:
        """Make one small call and compare with the oracle; raises WrongResult."""
        workload = make_workload(self.kernel, CHECK_SIZE)
        poison_outputs(workload)
        buffers = self.rung.place(workload, self.way.placement)
        bound = self.rung.bind(buffers, self.way.form, self.way.variant)
        difference = check_outputs(workload, outputs_of(self.rung, buffers, bound, call_once(bound)))
        if difference:
            raise WrongResult(f"{self.way.name}: {difference}; it is not measured")

    def bind(self, size: int) -> None:
        """Make `once` and `until` calls of this size."""
        self.bind_to(make_workload(self.kernel, size))

    def bind_to(self, workload: Workload) -> None:
        buffers = self.rung.place(workload, self.way.placement)
        bound = self.rung.bind(buffers, self.way.form, self.way.variant)
        self.once, self.until = compile_once(bound), compile_until(bound)

    def calibrate(self, call_ns: float) -> int:
        """Bind the size whose call takes about `call_ns`, or the largest that the rung takes; returns it."""
        size = 1
        for _ in range(MAX_STEPS):
            self.bind(size)
            ratio = call_ns / max(self._quickest_ns(call_ns), 1)
            other = scaled(self.kernel, size, min(ratio, MAX_GROWTH))
            while other > size and self.rung.missing(self.kernel, other):
                other = (size + other) // 2
            if CLOSE_ENOUGH <= ratio <= 1 / CLOSE_ENOUGH or other == size:
                break
            size = other
        else:
            self.bind(size)
        return size

    def _quickest_ns(self, call_ns: float) -> int:
        """The quickest of a few calls, and of more where they are long.

        A far side that spins may share its client's CPU for a while, and then a call takes a time slice, however small.
        """
        quickest_ns = min(self.time_once() for _ in range(3))
        for _ in range(MAX_TRIES):
            if quickest_ns < CLOSE_ENOUGH * call_ns:
                break
            quickest_ns = min(quickest_ns, self.time_once())
        return quickest_ns

    def time_once(self) -> int:
        started_ns = time.perf_counter_ns()
        self.once()
        return time.perf_counter_ns() - started_ns

    def close(self) -> None:
        self.rung.close()


def scaled(kernel: KernelSpec, size: int, factor: float) -> int:
    """The largest size that takes no more than `factor` times the operations of `size`, or 1."""
    limit = kernel.operations(kernel.dims(size)) * factor
    low, high = 1, MAX_SIZE
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if kernel.operations(kernel.dims(middle)) <= limit else (low, middle - 1)
    return low


def compile_once(bound: BoundCall) -> Callable[[], Any]:
    """A function that makes the call."""
    body = [*bound.setup, *bound.before, bound.call, *bound.after, *bound.teardown]
    compiled = compile_function(body, tuple(bound.names))
    values = tuple(bound.names.values())
    return lambda: compiled(*values)


def compile_until(bound: BoundCall, clock: Callable[[], int] = time.perf_counter_ns) -> Callable[[int], Any]:
    """A function that makes calls until a point in time; returns how many, and when the last one ended."""
    body = [
        *bound.setup,
        "_calls, _now = 0, _clock()",
        "while _now < _end:",
        *(f"    {line}" for line in (*bound.before, bound.call, *bound.after)),
        "    _calls, _now = _calls + 1, _clock()",
        *bound.teardown,
        "return _calls, _now",
    ]
    compiled = compile_function(body, ("_end", "_clock", *bound.names))
    values = tuple(bound.names.values())
    return lambda end_ns: compiled(end_ns, clock, *values)
