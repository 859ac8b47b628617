"""The worker of `pipe`, in this process: what it answers to every message, and that none can hurt it."""

from __future__ import annotations

import struct
from collections.abc import Callable

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from ffi_spectrum.kernels.shapes import shapes_of
from ffi_spectrum.kernels.table import KERNELS
from ffi_spectrum.remote import frame
from ffi_spectrum.remote.layout import Layout
from ffi_spectrum.remote.python_worker import Server
from ffi_spectrum.remote.thunks import NO_COUNT, Thunks
from ffi_spectrum.toolchain.build import Toolchain
from ffi_spectrum.toolchain.remote import thunk_library

from .signatures import saxpy_call, signatures

LIMIT = 64 * 2**20
NAMES = ("add", "dot", "saxpy", "crc32", "base64_encode", "relu")


@pytest.fixture(scope="module")
def server() -> Server:
    return Server(Thunks(thunk_library(Toolchain(), shapes_of(KERNELS.values())).path))


def ask(server: Server, message: bytes) -> tuple[frame.Header, bytes]:
    """The answer's header and body; its length must be what it says."""
    answer = bytes(server.answer(message))
    header = frame.unpack_header(answer)
    assert header.nbytes == len(answer) - 48
    return header, answer[48:]


@pytest.mark.parametrize("size", [0, 1, 20, 4096])
def test_a_call(server: Server, size: int) -> None:
    request, body = saxpy_call(size)
    header, answer = ask(server, request.pack() + body)
    assert header == request._replace(nbytes=64 + 4 * size, region_nbytes=0)
    assert answer[:64] == bytes(64)
    np.testing.assert_array_equal(np.frombuffer(answer[64:], np.float32), np.full(size, 6.5, np.float32))


def test_a_result_and_many_times(server: Server) -> None:
    layout = Layout(signatures()["add"], {})
    for times, value in ((1, 12), (0, 0), (1000, 12)):
        request = layout.request(times=times)
        _, answer = ask(server, request.pack() + layout.pack_slots({"a": 5, "b": 7}))
        assert struct.unpack_from("<q", answer)[0] == value
        assert len(answer) == 64


def test_count_ping_and_what_it_does_not_do(server: Server) -> None:
    header, body = ask(server, frame.Header(frame.COUNT, kernel=0, id=7).pack())
    assert (header.status, header.id, int.from_bytes(body[:8], "little")) == (frame.OK, 7, NO_COUNT)
    assert ask(server, frame.Header(frame.COUNT, kernel=999).pack())[0].status == frame.UNKNOWN_KERNEL
    assert ask(server, frame.Header(frame.PING, id=9).pack()) == (frame.Header(frame.PING, id=9), b"")
    for op, status in ((frame.CALL_SHARED, frame.UNSUPPORTED), (frame.FAULT, frame.UNSUPPORTED), (77, frame.BAD_OP)):
        assert ask(server, frame.Header(op).pack())[0].status == status


Change = tuple[dict[str, int], Callable[[bytes], bytes], int]
CHANGES: dict[str, Change] = {
    "short body": ({}, lambda body: body[:-1], frame.BAD_FRAME),
    "long body": ({}, lambda body: body + b"\0", frame.BAD_FRAME),
    "unknown kernel": ({"kernel": 999}, bytes, frame.UNKNOWN_KERNEL),
    "region smaller than the body": ({"region_nbytes": 10}, bytes, frame.BAD_FRAME),
    "region without outputs": ({"region_nbytes": 320}, bytes, frame.OUT_OF_BOUNDS),
    "region over the limit": ({"region_nbytes": LIMIT + 1}, bytes, frame.TOO_LARGE),
    "length over the limit": ({"nbytes": LIMIT + 1}, bytes, frame.TOO_LARGE),
    "length of 2**63": ({"nbytes": 2**63}, bytes, frame.TOO_LARGE),
    "fewer slots": ({"nbytes": 32}, lambda body: body[:32], frame.BAD_FRAME),
    "offset outside": ({}, lambda body: body[:8] + (2**63).to_bytes(8, "little") + body[16:], frame.OUT_OF_BOUNDS),
    "misaligned": ({}, lambda body: body[:8] + (65).to_bytes(8, "little") + body[16:], frame.OUT_OF_BOUNDS),
    "output over an input": ({}, lambda body: body[:24] + (64).to_bytes(8, "little") + body[32:], frame.OUT_OF_BOUNDS),
}


@pytest.mark.parametrize("how", CHANGES)
def test_malformed_call(server: Server, how: str) -> None:
    changes, change, status = CHANGES[how]
    request, body = saxpy_call()
    header, answer = ask(server, request._replace(**changes).pack() + change(body))
    assert (header.status, answer) == (status, b"")
    test_a_call(server, 20)


@given(st.binary(max_size=200))
def test_any_message(server: Server, message: bytes) -> None:
    assert ask(server, message)[0].status == frame.BAD_FRAME


U64 = st.integers(0, 2**64 - 1)
# whose work is bounded by their buffers, so that no example takes minutes
BOUNDED = st.sampled_from([signature.index for signature in signatures().values() if signature.kernel.name in NAMES])
SMALL = st.integers(0, 4096)


@settings(max_examples=300)
@given(
    st.builds(
        frame.Header,
        st.just(frame.CALL),
        BOUNDED | st.just(999),
        st.just(0),
        U64,
        st.integers(0, 3),
        SMALL,
        SMALL | U64,
    ),
    st.binary(max_size=256),
    st.booleans(),
)
def test_any_call(server: Server, header: frame.Header, body: bytes, is_consistent: bool) -> None:
    """Slots and sizes at random: an answer with some status, and the next call is right."""
    if is_consistent:
        header = header._replace(nbytes=len(body))
    answer, _ = ask(server, header.pack() + body)
    assert answer.status in range(7)
    request, right = saxpy_call(3)
    assert ask(server, request.pack() + right)[0].status == frame.OK
