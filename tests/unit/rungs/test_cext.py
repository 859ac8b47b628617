"""What only the generated extension promises: it refuses a wrong call before the kernel is entered."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ffi_spectrum.errors import Unavailable
from ffi_spectrum.kernels.table import KERNELS
from ffi_spectrum.kernels.workload import make_workload
from ffi_spectrum.rungs.base import BoundCall, Rung

from .opened import call_with, open_rung


@pytest.fixture(scope="module", params=["cext", "cext_nogil"])
def rung(request: pytest.FixtureRequest) -> Rung:
    return open_rung(request.param)


def bind(rung: Rung, kernel: str, size: int) -> BoundCall:
    return rung.bind(rung.place(make_workload(KERNELS[kernel], size), "host"), "fresh")


@pytest.mark.parametrize(
    ("kernel", "changes", "error", "culprit"),
    [
        ("saxpy", {"size": 8}, ValueError, "x"),
        ("saxpy", {"y": np.zeros(6, np.float32)}, ValueError, "y"),
        ("saxpy", {"out": np.zeros(7, np.float64)}, TypeError, "out"),
        ("saxpy", {"size": 2**32}, OverflowError, "size"),
        ("saxpy", {"a": 1e39}, OverflowError, "a"),
        ("dot", {"x": np.zeros(14)[::2]}, BufferError, "x"),
        ("crc32", {"data": b"123456"}, ValueError, "data"),
        ("crc32", {"data": "1234567"}, TypeError, "data"),
        ("base64_encode", {"out": bytes(12)}, BufferError, "out"),
        ("matmul", {"k": 3}, ValueError, "a"),
        ("matmul", {"m": 2**32 - 1, "k": 2**32 - 1}, ValueError, "a"),
        ("matmul", {"n": 100}, ValueError, "b"),
        ("bias_add", {"m": 100}, ValueError, "x"),
    ],
)
def test_refused(
    rung: Rung,
    kernel: str,
    changes: dict[str, Any],
    error: type[Exception],
    culprit: str,
) -> None:
    """`culprit` is the argument that the message names: the first, in C's order, that is wrong."""
    bound = bind(rung, kernel, 7)
    with pytest.raises(error, match=f"argument '{culprit}'"):
        call_with(bound, changes)
    call_with(bound, {})


def test_every_length_is_checked(rung: Rung) -> None:
    for kernel in KERNELS.values():
        for argument in kernel.buffers:
            bound = bind(rung, kernel.name, 4)
            value = bound.names[argument.name]
            short = value[:-1] if isinstance(value, bytes) else value.reshape(-1)[:-1]
            with pytest.raises(ValueError, match=f"argument '{argument.name}'"):
                call_with(bound, {argument.name: short})


def test_two_instances_are_independent(rung: Rung) -> None:
    another = type(rung)(rung.artifacts)
    another.open()
    bound, expected = bind(another, "crc32", 7), call_with(bind(rung, "crc32", 7), {})
    another.close()
    assert call_with(bound, {}) == expected


def test_what_is_no_extension_is_unavailable(rung: Rung, tmp_path: Path) -> None:
    path = tmp_path / "_ffis_cext.so"
    path.write_text("not ELF")
    broken = replace(rung.artifacts["extension"], path=path)
    with pytest.raises(Unavailable, match="cannot be loaded"):
        type(rung)({**rung.artifacts, "extension": broken}).open()


def test_threads_see_their_own_results(rung: Rung) -> None:
    bounds = [bind(rung, "crc32", size) for size in range(1, 9)]
    expected = [call_with(bound, {}) for bound in bounds]
    results: list[list[int]] = [[] for _ in bounds]

    def work(i: int) -> None:
        results[i] += [call_with(bounds[i], {}) for _ in range(200)]

    threads = [threading.Thread(target=work, args=(i,)) for i in range(len(bounds))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert results == [[value] * 200 for value in expected]
