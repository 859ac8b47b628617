"""Kernels on a device, in this process and on an engine of NumPy's: what is carried out, and what is refused."""

from __future__ import annotations

import mmap
import struct
from functools import cache

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from ffi_spectrum.remote import frame
from ffi_spectrum.remote.device_kernels import DeviceKernels
from ffi_spectrum.remote.device_worker import DeviceServer, carry_out
from ffi_spectrum.remote.layout import Layout
from ffi_spectrum.remote.thunks import NO_COUNT

from ..rungs.numpy_engine import NumpyEngine
from .signatures import saxpy_call, signatures

SHARED_NBYTES, ARENA_NBYTES = 2**20, 2**18
SIZE = 20


@cache
def made() -> DeviceKernels:
    """The same throughout: what one test leaves there must not matter to another."""
    listed = sorted(signatures().values(), key=lambda signature: signature.index)
    shared = memoryview(mmap.mmap(-1, SHARED_NBYTES))
    return DeviceKernels(NumpyEngine(), listed, "0" * 64, shared, ARENA_NBYTES)


@pytest.fixture
def kernels() -> DeviceKernels:
    return made()


def floats(kernels: DeviceKernels, offset: int, size: int = SIZE) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """A view of the shared memory."""
    return np.frombuffer(kernels.shared, np.float32, size, offset)


def saxpy(kernels: DeviceKernels, x: int, y: int, out: int, size: int = SIZE, times: int = 1) -> int:
    signature = signatures()["saxpy"]
    return kernels.call_placed(signature.index, times, struct.pack("<f4xQQQI4x", 2.0, x, y, out, size))


def fill(kernels: DeviceKernels) -> None:
    floats(kernels, 0)[:], floats(kernels, 1024)[:], floats(kernels, 2048)[:] = 3.0, 0.5, 0.0


def test_shared_memory_is_used_in_place(kernels: DeviceKernels) -> None:
    fill(kernels)
    assert saxpy(kernels, 0, 1024, 2048) == frame.OK
    np.testing.assert_array_equal(floats(kernels, 2048), np.full(SIZE, 6.5, np.float32))


def test_what_is_copied_to_the_device_stays_there(kernels: DeviceKernels) -> None:
    fill(kernels)
    x, out = frame.RESIDENT | 64, frame.RESIDENT | 4096
    assert kernels.copy(frame.COPY_SLOTS.pack(x, 0, 4 * SIZE)) == frame.OK
    floats(kernels, 0)[:] = 1e9
    assert saxpy(kernels, x, 1024, out) == frame.OK
    assert kernels.copy(frame.COPY_SLOTS.pack(2048, out, 4 * SIZE)) == frame.OK
    np.testing.assert_array_equal(floats(kernels, 2048), np.full(SIZE, 6.5, np.float32))


@pytest.mark.parametrize(
    ("x", "y", "out", "size"),
    [
        (SHARED_NBYTES - 4 * SIZE + 4, 1024, 2048, SIZE),
        (0, frame.RESIDENT | (ARENA_NBYTES - 4 * SIZE + 4), 2048, SIZE),
        (0, 1024, frame.RESIDENT - 4, SIZE),
        (0, 1024, 2**64 - 4, SIZE),
        (2, 1024, 2048, SIZE),
        (0, 1024, 4 * SIZE - 4, SIZE),
        (frame.RESIDENT, 1024, frame.RESIDENT | 4, SIZE),
        (0, 1024, 2048, SHARED_NBYTES // 4),
    ],
)
def test_buffers_out_of_bounds_misaligned_or_overlapping(
    kernels: DeviceKernels, x: int, y: int, out: int, size: int
) -> None:
    fill(kernels)
    assert saxpy(kernels, x, y, out, size) == frame.OUT_OF_BOUNDS
    assert floats(kernels, 2048).sum() == 0
    assert saxpy(kernels, 0, 1024, 2048) == frame.OK


def test_inputs_may_be_one_and_the_same_and_nothing_may_lie_anywhere(kernels: DeviceKernels) -> None:
    fill(kernels)
    assert saxpy(kernels, 0, 0, 2048) == frame.OK
    assert floats(kernels, 2048)[0] == 9.0
    assert saxpy(kernels, 8, 8, 8, 0) == frame.OK


@pytest.mark.parametrize(
    ("to", "source", "nbytes"),
    [(0, SHARED_NBYTES, 1), (frame.RESIDENT | ARENA_NBYTES, 0, 1), (0, frame.RESIDENT, 2**63), (2**63 - 1, 0, 8)],
)
def test_copies_out_of_bounds(kernels: DeviceKernels, to: int, source: int, nbytes: int) -> None:
    assert kernels.copy(frame.COPY_SLOTS.pack(to, source, nbytes)) == frame.OUT_OF_BOUNDS


def test_other_refusals(kernels: DeviceKernels) -> None:
    crc32, matmul = signatures()["crc32"], signatures()["matmul"]
    slots = bytes(64)
    assert kernels.call_placed(999, 1, slots) == frame.UNKNOWN_KERNEL
    assert kernels.call_placed(crc32.index, 1, slots) == frame.UNSUPPORTED
    assert kernels.call_placed(matmul.index, 1, slots[:40]) == frame.BAD_FRAME
    assert kernels.copy(slots[:16]) == frame.BAD_FRAME
    huge = struct.pack("<QQQI4xI4xI4x", 0, 0, 0, 2**31, 2**31, 2**31)
    assert kernels.call_placed(matmul.index, 1, huge) == frame.TOO_LARGE


def test_a_result_is_that_of_the_last_launch_and_zero_without_one(kernels: DeviceKernels) -> None:
    add = signatures()["add"]
    for times, value in ((1, 12), (0, 0), (1000, 12)):
        slots = struct.pack("<qq", 5, 7)
        assert carry_out(kernels, frame.CALL, add.index, times, slots) == (frame.OK, value)


def test_requests_without_a_payload(kernels: DeviceKernels) -> None:
    assert carry_out(kernels, frame.COUNT, 0, 1, b"") == (frame.OK, NO_COUNT)
    assert carry_out(kernels, frame.COUNT, 999, 1, b"")[0] == frame.UNKNOWN_KERNEL
    statuses = {frame.PING: frame.OK, frame.FAULT: frame.UNSUPPORTED, frame.RECORD: frame.BAD_OP, 99: frame.BAD_OP}
    assert {op: carry_out(kernels, op, 0, 1, b"")[0] for op in statuses} == statuses


@pytest.mark.parametrize("size", [0, 1, SIZE, 4096])
def test_a_payload_in_the_message(kernels: DeviceKernels, size: int) -> None:
    request, body = saxpy_call(size)
    answer = bytes(DeviceServer(kernels).answer(request.pack() + body))
    assert frame.unpack_header(answer) == request._replace(nbytes=64 + 4 * size, region_nbytes=0)
    np.testing.assert_array_equal(np.frombuffer(answer[112:], np.float32), np.full(size, 6.5, np.float32))


def test_a_region_without_room_for_the_outputs(kernels: DeviceKernels) -> None:
    layout = Layout(signatures()["relu"], {"size": SIZE})
    request = layout.request()._replace(region_nbytes=layout.inputs_end)
    answer = bytes(DeviceServer(kernels).answer(request.pack() + layout.pack_slots({}).ljust(layout.inputs_end, b"\0")))
    assert frame.unpack_header(answer).status == frame.OUT_OF_BOUNDS


# Offsets in both memories, near their ends and far beyond, and anything at all.
OFFSETS = st.one_of(
    st.builds(lambda base, offset: base | offset, st.sampled_from([0, frame.RESIDENT]), st.integers(0, 2**21)),
    st.integers(0, 2**64 - 1),
)
# whose work is bounded by their buffers
BOUNDED = st.sampled_from(["saxpy", "relu", "dot", "bias_add", "noop", "add", "sum8"])
FOUND = {frame.OK, frame.OUT_OF_BOUNDS, frame.TOO_LARGE}


@settings(max_examples=300)
@given(BOUNDED, st.lists(OFFSETS, min_size=8, max_size=8), st.integers(0, 3))
def test_any_slots(name: str, words: list[int], times: int) -> None:
    """A status, whatever is asked for, and the next call is right."""
    kernels = made()
    if name == "add" and int.from_bytes(struct.pack("<Q", words[0]), "little", signed=True) < 0:
        words[0] = 0  # what the engine takes for a fault
    status = kernels.call_placed(signatures()[name].index, times, struct.pack("<8Q", *words))
    assert status in FOUND
    fill(kernels)
    assert saxpy(kernels, 0, 1024, 2048) == frame.OK
    assert floats(kernels, 2048).tolist() == [6.5] * SIZE
