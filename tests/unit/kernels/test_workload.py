"""Workload.check: valid arguments pass, others are refused by name."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from ffi_spectrum.errors import BadArgument
from ffi_spectrum.kernels.table import KERNELS
from ffi_spectrum.kernels.workload import Workload, make_workload


def with_value(workload: Workload, name: str, value: Any) -> Workload:
    return replace(workload, values={**workload.values, name: value})


@pytest.mark.parametrize("value", [-(2**63), -1, 0, 2**63 - 1])
def test_whole_range_of_integers(value: int) -> None:
    with_value(make_workload(KERNELS["add"], 0), "a", value).check()


@pytest.mark.parametrize("value", [-(2**63) - 1, 2**63, True, 1.0, "1", None, np.int64(1)])
def test_other_integers(value: object) -> None:
    with pytest.raises(BadArgument, match="add, argument 'a'"):
        with_value(make_workload(KERNELS["add"], 0), "a", value).check()


@pytest.mark.parametrize("value", [0.0, 1, -1.5, float("inf"), float("nan")])
def test_floats(value: float) -> None:
    with_value(make_workload(KERNELS["saxpy"], 3), "a", value).check()


@pytest.mark.parametrize("value", ["1.0", None, 1j, True])
def test_other_floats(value: object) -> None:
    with pytest.raises(BadArgument, match="saxpy, argument 'a': expected float"):
        with_value(make_workload(KERNELS["saxpy"], 3), "a", value).check()


@pytest.mark.parametrize(
    ("value", "what"),
    [
        (np.zeros(3), "expected dtype float32, got float64"),
        (np.zeros(2, np.float32), r"expected shape \(3,\), got \(2,\)"),
        (np.zeros((3, 1), np.float32), "expected shape"),
        (np.zeros(6, np.float32)[::2], "not contiguous"),
        (np.zeros(13, np.uint8)[1:].view(np.float32), "not aligned"),
        ([0.0, 0.0, 0.0], "expected an ndarray, got list"),
        (None, "expected an ndarray, got NoneType"),
    ],
)
@pytest.mark.parametrize("name", ["x", "y", "out"])
def test_buffers(name: str, value: Any, what: str) -> None:
    with pytest.raises(BadArgument, match=f"saxpy, argument '{name}': {what}"):
        with_value(make_workload(KERNELS["saxpy"], 3), name, value).check()


def test_read_only() -> None:
    locked = np.zeros(3, np.float32)
    locked.setflags(write=False)
    with_value(make_workload(KERNELS["saxpy"], 3), "x", locked).check()
    with pytest.raises(BadArgument, match="'out': read-only"):
        with_value(make_workload(KERNELS["saxpy"], 3), "out", locked).check()


def test_overlap() -> None:
    shared = np.zeros(5, np.float32)
    workload = with_value(make_workload(KERNELS["saxpy"], 3), "x", shared[:3])
    with_value(workload, "y", shared[2:]).check()  # what is only read may overlap
    with pytest.raises(BadArgument, match="'out': overlaps the argument 'x'"):
        with_value(workload, "out", shared[2:]).check()


@pytest.mark.parametrize(("value", "what"), [(b"12", "expected 3 bytes, got 2"), ("123", "bytes, got str")])
def test_bytes(value: object, what: str) -> None:
    with pytest.raises(BadArgument, match=what):
        with_value(make_workload(KERNELS["crc32"], 3), "data", value).check()


@pytest.mark.parametrize("steps", [-1, 2**32])
def test_lengths(steps: int) -> None:
    with pytest.raises(BadArgument, match="does not fit in uint32"):
        replace(make_workload(KERNELS["spin"], 1), dims={"steps": steps}).check()


def test_names() -> None:
    workload = make_workload(KERNELS["add"], 0)
    with pytest.raises(BadArgument, match="give each argument once"):
        with_value(workload, "c", 1).check()
    with pytest.raises(BadArgument, match="give each argument once"):
        replace(workload, values={"a": 1}).check()
