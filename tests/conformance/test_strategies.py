"""Batches and recorded lists: every rung that has them, with every kernel, gives what as many single calls give."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ffi_spectrum.case import Case
from ffi_spectrum.kernels.table import KERNELS
from ffi_spectrum.measure.loop import compile_block
from ffi_spectrum.measure.wide import prepare_wide
from ffi_spectrum.rungs.base import WIDE

from .cells import CLASSES, has_sizes
from .opened import OpenRungs

SIZES = (0, 7, 1023)
CALLS = (1, 16)


def wide_cases() -> list[Any]:
    found = []
    for kind in CLASSES.values():
        for kernel in KERNELS.values():
            for way in kind.ways(kernel):
                if way.strategy in WIDE:
                    sizes = SIZES if has_sizes(kernel) else (0,)
                    found += [replace(way, size=s).with_params(calls=n) for s in sizes for n in CALLS]
    return [pytest.param(case, id=case.id) for case in found]


@pytest.mark.parametrize("case", wide_cases())
def test_result(case: Case, rungs: OpenRungs) -> None:
    kernel = KERNELS[case.kernel]
    rung = rungs.get(case.rung, kernel, case.size)
    wide = prepare_wide(rung, kernel, case)
    assert wide.check() == ""
    assert wide.check() == ""  # a second crossing finds what the first has left


@pytest.mark.parametrize("case", [p for p in wide_cases() if p.values[0].size in (0, 7)])
def test_calls_are_counted(case: Case, counting_rungs: OpenRungs) -> None:
    kernel = KERNELS[case.kernel]
    rung = counting_rungs.get(case.rung, kernel, case.size)
    wide = prepare_wide(rung, kernel, case)  # keeps alive what its addresses point to
    block = compile_block(wide.bound)
    before = rung.count(kernel)
    block(5)
    assert before is not None
    assert (rung.count(kernel) or 0) - before == 5 * dict(case.params)["calls"]
