"""Every cell that the tables hold, as pytest parameters: a new rung or kernel needs no new test."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest

from ffi_spectrum.case import Case, Form
from ffi_spectrum.kernels.spec import KernelSpec
from ffi_spectrum.kernels.table import KERNELS
from ffi_spectrum.rungs.base import WIDE, Rung
from ffi_spectrum.rungs.table import RUNGS, rung_class

SIZES = (0, 1, 7, 1023, 4096)


def classes() -> dict[str, type[Rung]]:
    """The classes of RUNGS that can be imported; test_table.py fails for each that cannot."""
    found = {}
    for name in RUNGS:
        try:
            found[name] = rung_class(name)
        except ImportError:
            continue
    return found


CLASSES = classes()
FAR_SIDED = [name for name, kind in CLASSES.items() if kind.info.has_far_side]
# The rungs that run the native library in this process, and so its sanitized builds.
NATIVE = [name for name, kind in CLASSES.items() if "libffis" in kind.info.native_code]


def ways(name: str, kernel: KernelSpec) -> Iterator[Case]:
    """Every way in which the rung `name` makes one call of `kernel`, as a case of size 0."""
    yield from (way for way in CLASSES[name].ways(kernel) if way.strategy not in WIDE)


def cases(sizes: Sequence[int] = SIZES, kernels: Sequence[KernelSpec] = tuple(KERNELS.values())) -> list[Any]:
    """All cases as parameters, whose ids are the cases' own; a kernel without sizes has one, of size 0."""
    found = []
    for name in CLASSES:
        for kernel in kernels:
            for way in ways(name, kernel):
                for size in sizes if has_sizes(kernel) else (0,):
                    case = replace(way, size=size)
                    found.append(pytest.param(case, id=case.id))
    return found


def has_sizes(kernel: KernelSpec) -> bool:
    """True where the size changes the work: a scalar kernel without a length has but one."""
    return bool(kernel.dims(1))


def pairs(names: Sequence[str] = tuple(CLASSES)) -> list[Any]:
    """Every kernel with each of the rungs `names`, as parameters `(rung name, kernel)`."""
    return [pytest.param(name, kernel, id=f"{kernel.name}/{name}") for kernel in KERNELS.values() for name in names]


def far_ways(name: str, kernel: KernelSpec) -> list[Case]:
    """The ways of the rung that differ on its far side: one form (prebound if it has that), called one by one."""
    found = [way for way in ways(name, kernel) if way.strategy == "per_call" and dict(way.params).get("cores", 2) == 2]
    forms: tuple[Form, ...] = ("prebound", "fresh")
    form = next(form for form in forms if any(way.form == form for way in found))
    return [way for way in found if way.form == form]
