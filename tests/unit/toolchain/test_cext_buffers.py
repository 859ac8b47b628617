"""The generated extension and buffers: what it takes, what it refuses, and that it lets go of everything."""

from __future__ import annotations

import array
import gc
import sys
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from .toy_extension import DTYPES, ELEMENTS, Index, load_toy, toy_source


@pytest.fixture(scope="module")
def toy() -> ModuleType:
    return load_toy("_toy", release_gil=False)


@pytest.mark.parametrize("name", ELEMENTS)
def test_only_items_of_the_pointers_type_are_taken(toy: ModuleType, name: str) -> None:
    first, right = getattr(toy, f"first_{name}"), DTYPES[name]
    assert first(np.array([7, 8], right), 2) == 7
    others = [*DTYPES.values(), *map(np.dtype, ("?", "f2", "c8", "S1", "S4", "i4,i4"))]
    if right.itemsize > 1:
        others.append(right.newbyteorder())
    for other in others:
        if other != right:
            with pytest.raises(TypeError, match=f"argument 'x': expected items of {name}, got format"):
                first(np.zeros(8, other), 1)
    with pytest.raises(BufferError):  # NumPy itself exports no dates
        first(np.zeros(8, "M8[s]"), 1)


def test_any_exporter_of_buffers_will_do(toy: ModuleType) -> None:
    for exporter in (b"ab", bytearray(b"ab"), memoryview(b"ab"), array.array("B", b"ab")):
        assert toy.first_uint8_t(exporter, 2) == ord("a")
    assert toy.first_double(array.array("d", [0.5]), 1) == 0.5
    assert toy.first_float(array.array("f"), 0) == 0.0
    assert toy.first_int64_t(np.arange(5, 8).data, 3) == 5
    for value in (None, 1, "ab", [1.0]):
        with pytest.raises(TypeError, match="argument 'x': expected double, got"):
            toy.first_double(value, 1)


def test_what_is_not_contiguous_writable_or_aligned_is_refused(toy: ModuleType) -> None:
    for strided in (np.zeros(8)[::2], np.zeros((2, 2)).T, np.zeros(4)[::-1]):
        with pytest.raises(BufferError, match=r"argument 'x': .* gives no C-contiguous buffer"):
            toy.first_double(strided, 1)
    frozen = np.zeros(4)
    frozen.flags.writeable = False
    for readonly in (frozen, bytes(32), frozen.data):
        with pytest.raises(BufferError, match=r"argument 'out': .* no C-contiguous, writable buffer"):
            toy.fill(readonly, 1.0, 2, 2)
    unaligned = np.zeros(17, np.uint8)[1:].view(np.float64)
    with pytest.raises(BufferError, match="argument 'x': the buffer is not aligned for double"):
        toy.first_double(unaligned, 1)


def test_buffers_hold_what_the_lengths_ask_for(toy: ModuleType) -> None:
    out = np.zeros((3, 2))
    toy.fill(out, 2.0, 2, 2)
    assert out.ravel().tolist() == [2.0] * 4 + [0.0] * 2
    for m, n in ((0, 2**31 - 1), (2**32 - 1, 0), (3, 2)):
        toy.fill(out, 3.0, m, n)
    # the last four: 2**61 doubles are 0 bytes modulo 2**64, and a negative length is no small one
    for m, n in ((7, 1), (2, 4), (2**31, 2**30), (1, -1), (1, -(2**31)), (2**32 - 1, -1)):
        with pytest.raises(ValueError, match="argument 'out': the buffer has 48 bytes, the lengths ask for"):
            toy.fill(out, 4.0, m, n)
    assert (out == 3.0).all()


def test_a_length_that_no_parameter_gives_is_not_checked(toy: ModuleType) -> None:
    assert toy.length_unknown(np.zeros(1, np.float32), 1000) == 1
    assert "/* x is not checked for its length" in toy_source("_toy", False)


def test_every_way_out_releases_every_buffer(toy: ModuleType) -> None:
    x, out = bytearray(b"abcd"), bytearray(4)
    with memoryview(x), pytest.raises(BufferError):
        x.append(0)  # a bytearray cannot be resized while anyone holds its buffer: that is the probe
    failing: tuple[tuple[type[Exception], tuple[Any, ...]], ...] = (
        (TypeError, (x, out)),
        (TypeError, (x, out, "4")),
        (OverflowError, (x, out, -1)),
        (TypeError, (x, None, 4)),
        (BufferError, (x, bytes(4), 4)),
        (TypeError, (x, np.zeros(4), 4)),
        (TypeError, (None, out, 4)),
        (ValueError, (x, out, 5)),
        (ValueError, (x, out[:3], 4)),
    )
    for error, arguments in failing:
        with pytest.raises(error):
            toy.copy(*arguments)
        for held in (x, out):
            held.append(0)
            held.pop()
    assert toy.copy(x, out, 4) == 4
    assert out == b"abcd"
    x.append(0)
    out.append(0)


def test_reference_counts_stay(toy: ModuleType) -> None:
    x, out, wide = np.zeros(4, np.uint8), np.zeros(4, np.uint8), np.zeros(4)
    size, index = 10**6, Index(2**40)
    refused = ((x, out, size), (x, wide, 4), (x, out, index), (wide, out, 4), (x, None, 4), (x, out))

    def call_everything() -> int:
        toy.nothing()
        toy.copy(x, out, 4)
        toy.fill(wide, 1, 2, 2)
        toy.echo_uint64_t(index)
        errors = 0
        for arguments in refused:
            try:
                toy.copy(*arguments)
            except (TypeError, ValueError, OverflowError):
                errors += 1
        return errors

    def counts() -> list[int]:
        return [sys.getrefcount(value) for value in (x, out, wide, size, index, index.value, None)]

    assert call_everything() == len(refused)
    gc.collect()
    before = counts()
    for _ in range(100):
        call_everything()
    gc.collect()
    changes = [after - was for after, was in zip(counts(), before, strict=True)]
    assert changes[:-1] == [0] * 6
    assert abs(changes[-1]) < 50  # None is the whole interpreter's; a leak would be 100 or more
