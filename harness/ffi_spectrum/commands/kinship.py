"""Which rungs and kernels differ in one thing: what the parts of a call are told from."""

from __future__ import annotations

from collections.abc import Iterable

from ffi_spectrum.analysis.fusion import Cell
from ffi_spectrum.analysis.ladder import Kinship
from ffi_spectrum.case import Case
from ffi_spectrum.commands.model import TWINS
from ffi_spectrum.kernels.spec import Dims, KernelSpec
from ffi_spectrum.kernels.table import KERNELS
from ffi_spectrum.rungs.table import RUNGS, rung_class

UNTYPED = {"ctypes": "ctypes_untyped"}
FAST = {"wasmtime": "wasmtime_fast_nogil"}
# Native rungs that release the GIL, whose transitions are compared: a C extension, cffi's, and dlopen.
COMPARED = ("cext_nogil", "cffi_api", "ctypes")
FUSED = {"dense_relu": ("matmul", "bias_add", "relu")}


def kinship() -> Kinship:
    """All that the rungs and the kernels say about pairs."""
    return Kinship(held=TWINS, untyped=UNTYPED, fast=FAST, alike=alike_kernels(), crossings=crossings)


def alike_kernels() -> dict[str, str]:
    """For each kernel of scalars another one with the same signature, if there is one."""
    signatures: dict[object, list[str]] = {}
    for kernel in KERNELS.values():
        if kernel.is_scalar and kernel.arguments:
            signatures.setdefault(_signature(kernel), []).append(kernel.name)
    pairs = ((names[i], names[i - 1]) for names in signatures.values() if len(names) > 1 for i in range(len(names)))
    return dict(pairs)


def _signature(kernel: KernelSpec) -> object:
    return tuple((argument.role, argument.dtype) for argument in kernel.arguments), kernel.returns


def crossings(case: Case) -> int:
    """How many calls into the far side one call of the case makes.

    Fresh host data goes into a guest's memory by an allocation for each buffer, and is released by one reset.
    """
    kernel = KERNELS.get(case.kernel)
    if kernel is None or case.rung not in RUNGS or (case.form, case.placement) != ("fresh", "host"):
        return 1
    is_guest = rung_class(case.rung).wide_placement == "guest"
    return len(kernel.buffers) + 2 if is_guest else 1


def fused_steps(measured: Iterable[Cell]) -> dict[Cell, list[Cell]]:
    """For each measured cell of a fused kernel those of the kernels that it fuses, at equal dimensions."""
    cells = list(dict.fromkeys(measured))
    found = {}
    for kernel, size in cells:
        steps = [_step(KERNELS[kernel].dims(size), name, cells) for name in FUSED.get(kernel, ())]
        whole = [step for step in steps if step is not None]
        if whole and len(whole) == len(steps):
            found[kernel, size] = whole
    return found


def count_arguments(kernel: str) -> int:
    """How many arguments a call of the kernel takes."""
    return len(KERNELS[kernel].arguments)


def _step(dims: Dims, name: str, cells: Iterable[Cell]) -> Cell | None:
    """The measured cell of the kernel `name` whose output has as many rows and columns, or as many elements."""
    wanted = {**dims, "size": dims["m"] * dims["n"]}
    return next((c for c in cells if c[0] == name and KERNELS[name].dims(c[1]).items() <= wanted.items()), None)
