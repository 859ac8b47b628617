"""What a worker times: every case of its panel, opened, bound, checked and compiled."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ffi_spectrum.case import Case, Status
from ffi_spectrum.device.errors import translated
from ffi_spectrum.errors import BuildError, CallError, DeviceLost, FFISpectrumError, LostCalls, Unavailable, WrongResult
from ffi_spectrum.kernels.table import KERNELS
from ffi_spectrum.kernels.workload import Workload, check_outputs, expected_outputs, make_workload, poison_outputs
from ffi_spectrum.measure.compiled import Block
from ffi_spectrum.measure.job import Job
from ffi_spectrum.measure.loop import call_once, compile_block, compile_far_block, outputs_of
from ffi_spectrum.measure.wide import calls_of, prepare_wide
from ffi_spectrum.rungs.base import WIDE, BoundCall, Buffers, Rung
from ffi_spectrum.rungs.table import rung_class

Mark = Callable[[int], None]


@dataclass(slots=True)
class Subject:
    """A case ready to be timed; `far` names its far side in `Subjects.far`."""

    case: Case
    index: int
    rung: Rung
    bound: BoundCall
    block: Block
    far: str
    parts: dict[str, Block] = field(default_factory=dict)


@dataclass(slots=True)
class Subjects:
    """All that one process measures, and the cases that refused to take part, with status and reason."""

    workload: Workload
    expected: dict[str, Any]
    near: list[Subject] = field(default_factory=list)
    far: dict[str, Block] = field(default_factory=dict)
    far_once: dict[str, Block] = field(default_factory=dict)
    refused: list[tuple[Case, Status, str]] = field(default_factory=list)


def prepare(job: Job, mark: Mark) -> Subjects:
    """Open the rungs and bind the cases in random order; each is checked against the oracle before it may be timed."""
    rng = random.Random(job.seed)
    workload = make_workload(KERNELS[job.kernel], job.size)
    subjects = Subjects(workload, expected_outputs(workload))
    rungs: dict[str, Rung] = {}
    refusals: dict[str, str] = {}
    for index in rng.sample(range(len(job.cases)), len(job.cases)):
        case = job.cases[index]
        mark(index)
        try:
            if case.rung in refusals:
                raise Unavailable(refusals[case.rung])
            if case.rung not in rungs:
                rungs[case.rung] = _open(job, case.rung, refusals)
            with translated(case.id):
                subjects.near.append(_prepare_case(subjects, rungs[case.rung], case, index))
        except DeviceLost:
            raise  # nothing else can run on the device here: the others get a process without this case
        except Unavailable as error:
            subjects.refused.append((case, "unavailable", error.reason))
        except (FFISpectrumError, BuildError) as error:
            subjects.refused.append((case, "failed", str(error)))
    return subjects


def _open(job: Job, name: str, refusals: dict[str, str]) -> Rung:
    """Open the rung once: what keeps it shut is in `refusals` for its other cases."""
    rung = rung_class(name)(job.artifacts[name])
    try:
        rung.open()
    except Unavailable as error:
        refusals[name] = error.reason
        raise
    return rung


def _prepare_case(subjects: Subjects, rung: Rung, case: Case, index: int) -> Subject:
    # all cases share the arrays: without this, a rung that writes nothing would show the last one's results
    poison_outputs(subjects.workload)
    is_wide = case.strategy in WIDE
    scalar = subjects.workload.kernel.is_scalar
    buffers = rung.place(subjects.workload, "none" if is_wide and scalar else case.placement)
    if is_wide:
        wide = prepare_wide(rung, subjects.workload.kernel, case)
        bound = wide.bound
        _refuse_difference(case, _guarded(case, wide.check))
    else:
        bound = rung.bind(buffers, case.form, case.variant, case.strategy, case.params)
        _check(subjects, rung, buffers, bound, case)
    far = _far_name(case, rung)
    if far and far not in subjects.far:
        _add_far_side(subjects, rung, buffers, case.variant, far)
    parts = rung.case_parts(case, buffers) if case.strategy == "per_call" else {}
    blocks = {name: compile_block(part) for name, part in parts.items()}
    return Subject(case, index, rung, bound, compile_block(bound), far, blocks)


def _add_far_side(subjects: Subjects, rung: Rung, buffers: Buffers, variant: str, name: str) -> None:
    bound = rung.far_side(buffers, variant)
    if bound is not None:
        subjects.far[name] = compile_far_block(bound)
        if not rung.info.is_floor:
            subjects.far_once[name] = compile_block(bound)


def _far_name(case: Case, rung: Rung) -> str:
    if not rung.info.has_far_side:
        return ""
    return case.way if rung.info.is_floor else case.rung


def _check(subjects: Subjects, rung: Rung, buffers: Buffers, bound: BoundCall, case: Case) -> None:
    """Call once and compare with the oracle; raises WrongResult, or CallError where the call itself failed."""

    def difference() -> str:
        outputs = outputs_of(rung, buffers, bound, call_once(bound))
        return check_outputs(subjects.workload, outputs, subjects.expected)

    _refuse_difference(case, _guarded(case, difference))


def _guarded(case: Case, check: Callable[[], str]) -> str:
    """What the check says; raises CallError where the call itself failed."""
    try:
        return check()
    except FFISpectrumError:
        raise
    except (TypeError, ValueError, OverflowError, BufferError, ArithmeticError, OSError, LookupError) as error:
        raise CallError(f"{case.id} raised {type(error).__name__}: {error}") from error


def _refuse_difference(case: Case, difference: str) -> None:
    if difference:
        raise WrongResult(f"{case.id}: {difference}; it is not measured")


def prove(subject: Subject, far: Block | None, calls: int) -> tuple[int, int]:
    """Count how often `calls` calls, and one far-side loop of as many, entered the kernel; raises LostCalls."""
    kernel = KERNELS[subject.case.kernel]
    before = subject.rung.count(kernel)
    if before is None:
        raise LostCalls(f"{subject.case.id}: the counting build has no counter for it")
    subject.block(calls)
    between = subject.rung.count(kernel) or 0
    if far is not None:
        far(calls)
    after = subject.rung.count(kernel) or 0
    # a wide call is proven as one: what it makes of the kernel's calls is divided out
    counted, far_counted = (between - before) / calls_of(subject.case), after - between
    if counted != calls or (far is not None and far_counted != calls):
        raise LostCalls(
            f"{subject.case.id}: {calls} calls entered the kernel {counted} times, its far side {far_counted} times"
        )
    return int(counted), far_counted
