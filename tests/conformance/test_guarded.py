"""Every kernel on buffers flush against inaccessible pages, on either side.

A `bytes` input cannot be put there, as CPython allocates it: native/tests/test_kernels.c guards those.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, get_args

import pytest

from ffi_spectrum.case import Case
from ffi_spectrum.kernels.table import KERNELS
from ffi_spectrum.kernels.workload import Workload, check_outputs, make_workload

from .agreement import run
from .cells import NATIVE, SIZES, cases
from .guard import Guarded, Side
from .opened import OpenRungs

GUARDABLE = tuple(k for k in KERNELS.values() if any(a.dtype != "bytes" for a in k.buffers))


def host_cases() -> list[Any]:
    return [
        param
        for param in cases(SIZES, GUARDABLE)
        if param.values[0].rung in NATIVE and param.values[0].placement == "host"
    ]


def guarded_workload(right: Workload, side: Side) -> tuple[Workload, list[Guarded]]:
    """The same workload with every ndarray guarded."""
    guards, values = [], dict(right.values)
    for argument in right.kernel.buffers:
        if argument.dtype != "bytes":
            value = right.values[argument.name]
            guards.append(Guarded(value.shape, argument.element, side))
            guards[-1].array[...] = value
            values[argument.name] = guards[-1].array
    return Workload(right.kernel, right.size, right.dims, values), guards


@pytest.mark.parametrize("side", get_args(Side))
@pytest.mark.parametrize("case", host_cases())
def test_guarded_buffers(case: Case, side: Side, rungs: OpenRungs) -> None:
    kernel = KERNELS[case.kernel]
    rung = rungs.get(case.rung, kernel, case.size)
    workload, guards = guarded_workload(make_workload(kernel, case.size), side)
    assert check_outputs(workload, run(rung, workload, case)) == ""
    assert all(guard.is_intact for guard in guards)


@pytest.mark.parametrize("side", get_args(Side))
def test_guard_notices_a_stray_write(side: Side) -> None:
    guard = Guarded((3,), "float32", side)
    assert guard.is_intact
    guard.array[...] = 7
    assert guard.is_intact
    slack = max(guard._slack, key=len)
    slack[0 if side == "before" else -1] = 0
    assert not guard.is_intact


@pytest.mark.parametrize("offset", [-1, 12])
def test_a_byte_too_far_is_a_fault(offset: int) -> None:
    """In a process of its own: reading the byte before or after the array ends it."""
    side = "before" if offset < 0 else "after"
    code = (
        "import ctypes, importlib.util, sys\n"
        "spec = importlib.util.spec_from_file_location('guard', sys.argv[1])\n"
        "guard = importlib.util.module_from_spec(spec)\n"
        "spec.loader.exec_module(guard)\n"
        f"array = guard.Guarded((3,), 'float32', {side!r}).array\n"
        "ctypes.string_at(array.ctypes.data, 12)\n"
        "print('inside', flush=True)\n"
        f"ctypes.string_at(array.ctypes.data + {offset}, 1)\n"
    )
    guard = str(Path(__file__).with_name("guard.py"))
    done = subprocess.run(
        [sys.executable, "-c", code, guard], capture_output=True, text=True, timeout=60, env=dict(os.environ)
    )
    assert done.stdout == "inside\n"
    assert done.returncode == -signal.SIGSEGV
