"""What every round measures beside the cases, so that a reader can tell the machine from the rung."""

from __future__ import annotations

from ffi_spectrum.kernels.table import KERNELS
from ffi_spectrum.kernels.workload import make_workload
from ffi_spectrum.measure.compiled import Block
from ffi_spectrum.measure.loop import EMPTY, compile_block, compile_far_block
from ffi_spectrum.measure.subject import Subjects
from ffi_spectrum.rungs.base import BoundCall

THERMOMETER_STEPS = 64


NO_CASE = -1


def controls(subjects: Subjects) -> dict[str, tuple[Block, int]]:
    """The empty loop, a plain Python call, a duplicate of the first case, and a fixed C loop where there is a floor.

    The second value is the case to blame if the process dies in the block.
    """
    blocks = {"empty": (compile_block(EMPTY), NO_CASE), "python_call": (compile_block(python_call(subjects)), NO_CASE)}
    if subjects.near:
        first = min(subjects.near, key=lambda subject: subject.index)
        blocks["duplicate"] = (compile_block(first.bound), first.index)
    floors = [subject for subject in subjects.near if subject.rung.info.is_floor]
    if floors:
        rung = floors[0].rung
        buffers = rung.place(make_workload(KERNELS["spin"], THERMOMETER_STEPS), "none")
        bound = rung.far_side(buffers, "dlsym")
        if bound is not None:
            blocks["thermometer"] = (compile_far_block(bound), NO_CASE)
    return blocks


def far_controls(subjects: Subjects) -> dict[str, tuple[Block, int]]:
    """What the rungs of the panel bring along to compare with; each block is one crossing for many round trips."""
    blocks: dict[str, tuple[Block, int]] = {}
    for subject in {subject.case.rung: subject for subject in subjects.near}.values():
        for name, bound in subject.rung.controls(subjects.workload).items():
            blocks.setdefault(name, (compile_far_block(bound), subject.index))
    return blocks


def python_call(subjects: Subjects) -> BoundCall:
    """A call of a Python function that takes the kernel's arguments and does nothing."""
    values = dict(subjects.workload.values)
    namespace: dict[str, object] = {}
    exec(f"def python_call({', '.join(values)}): pass", namespace)  # noqa: S102 - parameter names come from the spec
    return BoundCall(f"python_call({', '.join(values)})", {"python_call": namespace["python_call"], **values})
