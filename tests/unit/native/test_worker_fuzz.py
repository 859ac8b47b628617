"""Frames that no client would send: the worker answers or closes, lives on, and is right afterwards."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ffi_spectrum.remote import frame
from ffi_spectrum.remote.frame import CALL, HEADER, LIMIT_NBYTES, Header, parse_header

from ..toolchain.thunk_region import KERNEL_NAMES
from .call_frames import call_frame, region_for, shared_frame
from .running_worker import RunningWorker, as_users_have_it, ask, receive_exactly, result_of, serving, worker_path

SHARED_NBYTES = 1 << 16
# Kernels whose time stays short whatever their slots say: not spin, and no product without bounds.
QUICK = [name for name in KERNEL_NAMES if name not in ("spin", "matmul", "dense_relu")]
EDGES = [0, 1, 7, 8, 47, 48, 63, 64, 1024, 1025, 4096, LIMIT_NBYTES, LIMIT_NBYTES + 1, 2**31, 2**32 - 1]
WIDE = st.sampled_from([*EDGES, 2**32, 2**63, 2**64 - 1]) | st.integers(0, 5000)
NARROW = st.sampled_from([*range(13), 2**16, 2**31, 2**32 - 1])
# Nothing may make a kernel run for long, or a worker that is built for tests obey a FAULT.
FIELDS = {
    "op": st.integers(0, 12) | st.sampled_from([2**8, 2**16 - 1]),
    "kernel": NARROW,
    "status": NARROW,
    "id": WIDE,
    "times": st.integers(0, 3),
    "nbytes": WIDE,
    "region_nbytes": WIDE,
}
# All bytes of the header but those of `times`.
HEADER_BYTES = st.integers(0, 23) | st.integers(32, 47)


@st.composite
def good_frames(draw: st.DrawFn) -> tuple[Header, bytes]:
    """A frame that a client would send."""
    if draw(st.booleans()):
        region = region_for(draw(st.sampled_from(QUICK)), draw(st.integers(0, 64)))
        return call_frame(region) if draw(st.booleans()) else shared_frame(region, draw(st.integers(0, 300)))
    op, nbytes = draw(st.sampled_from([(frame.HELLO, 16), (frame.COUNT, 0), (frame.PING, 0), (frame.FAULT, 0)]))
    return Header(op, kernel=draw(st.integers(0, 12)), nbytes=nbytes), bytes(nbytes)


@st.composite
def bad_frames(draw: st.DrawFn) -> bytes:
    """A good frame with fields changed, bits flipped, bytes lost or added; or none of these."""
    header, body = draw(good_frames())
    names = draw(st.lists(st.sampled_from(list(FIELDS)), max_size=2, unique=True))
    header = header._replace(**{name: draw(FIELDS[name]) for name in names})
    head, tail = bytearray(header.pack()), bytearray(body)
    for position in draw(st.lists(HEADER_BYTES, max_size=1)):
        head[position] ^= 1 << draw(st.integers(0, 7))
    for position in draw(st.lists(st.integers(0, max(0, len(tail) - 1)), max_size=3)):
        if tail:
            tail[position] = draw(st.integers(0, 255))
    content = bytes(head + tail)
    kind = draw(st.sampled_from(["whole", "whole", "cut", "longer"]))
    if kind == "cut":
        return content[: draw(st.integers(0, len(content)))]
    return content + draw(st.binary(max_size=100)) if kind == "longer" else content


@pytest.fixture(scope="module", params=["timed", "ubsan", "asan"])
def worker(request: pytest.FixtureRequest) -> Iterator[RunningWorker]:
    with as_users_have_it(request.param, SHARED_NBYTES) as running:
        yield running


def answers(stream: bytes) -> list[Header]:
    """The headers of all answers in `stream`, the last of which may be cut; fails for anything else."""
    found = []
    while len(stream) >= HEADER.size:
        status, header = parse_header(stream)
        assert status == frame.OK
        assert header.status == frame.OK or header.nbytes == 0
        assert header.status < len(frame.STATUSES)
        found.append(header)
        stream = stream[HEADER.size + header.nbytes :]
    return found


def is_right(worker: RunningWorker) -> bool:
    """Still alive, and still right, for whoever comes next."""
    with worker.connect() as connection:
        header = Header(CALL, kernel=KERNEL_NAMES.index("add"), region_nbytes=64)
        answer, content = ask(connection, header, struct.pack("<qq48x", 40, 2))
    return worker.is_alive() and (answer.status, result_of(content)) == (frame.OK, 42)


@settings(max_examples=600)
@given(frames=st.lists(bad_frames(), min_size=1, max_size=4), data=st.data())
def test_bad_frames_harm_nobody_else(worker: RunningWorker, frames: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(frames)
    cut = data.draw(st.integers(0, len(stream)), "cut")
    reads = data.draw(st.booleans(), "reads")
    with worker.connect() as connection:
        connection.settimeout(1.0)
        # the worker closes at the first frame that it cannot trust, and stops reading while nobody takes its answers
        with suppress(BrokenPipeError, ConnectionResetError, TimeoutError):
            connection.sendall(stream[:cut])
            connection.sendall(stream[cut:])
            if reads:
                connection.shutdown(1)
                answers(receive_exactly(connection, 4 * LIMIT_NBYTES))
    assert is_right(worker)


@settings(max_examples=100)
@given(content=st.binary(max_size=300))
def test_noise_is_refused(worker: RunningWorker, content: bytes) -> None:
    with worker.connect() as connection:
        with suppress(BrokenPipeError):
            connection.sendall(content)
            connection.shutdown(1)
        heard = answers(receive_exactly(connection, 1000))
    is_whole = len(content) >= HEADER.size
    assert [header.status for header in heard] == [frame.BAD_FRAME] * is_whole
    assert is_right(worker)


@settings(max_examples=60)
@given(data=st.data(), good=good_frames())
def test_a_peer_that_leaves_within_a_frame(worker: RunningWorker, good: tuple[Header, bytes], data: Any) -> None:
    content = good[0].pack() + good[1]
    with worker.connect() as connection:
        connection.sendall(content[: data.draw(st.integers(0, len(content) - 1))])
    assert is_right(worker)


def test_a_control_socket_that_talks_nonsense_ends_the_worker() -> None:
    for content in (bytes(48), Header(CALL).pack(), Header(frame.PING, nbytes=2**63).pack()):
        with serving(worker_path("timed")) as running:
            running.control.sendall(content)
            assert [header.op for header in answers(receive_exactly(running.control, 1000))] == [0]
            assert running.ending() == 0
