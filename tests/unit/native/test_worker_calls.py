"""The worker's Unix socket, used as meant: every kernel, every operation, however the stream is cut."""

from __future__ import annotations

import array
import fcntl
import os
import signal
import socket
import struct
import termios
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ffi_spectrum.kernels.spec import KernelSpec
from ffi_spectrum.kernels.table import KERNELS
from ffi_spectrum.kernels.workload import check_outputs
from ffi_spectrum.remote import frame
from ffi_spectrum.remote.frame import CALL, CLOSE, COUNT, HEADER, HELLO, PING, Header, parse_header

from ..toolchain.thunk_region import KERNEL_NAMES
from .call_frames import answered, call_frame, outputs_start, region_for, shared_frame
from .running_worker import (
    NONCE,
    RunningWorker,
    as_users_have_it,
    ask,
    is_at_end,
    receive_frame,
    result_of,
    sealed_memory,
    serving,
    toolchain_for,
    until,
    worker_path,
)

SHARED_NBYTES = 1 << 20
each_kernel = pytest.mark.parametrize("kernel", KERNELS.values(), ids=KERNELS)


@pytest.fixture(scope="module", params=["timed", "ubsan", "asan"])
def worker(request: pytest.FixtureRequest) -> Iterator[RunningWorker]:
    with as_users_have_it(request.param, SHARED_NBYTES) as running:
        yield running


@pytest.mark.parametrize("size", [0, 1, 7, 1023])
@each_kernel
def test_every_kernel_against_its_oracle(worker: RunningWorker, kernel: KernelSpec, size: int) -> None:
    region = region_for(kernel.name, size)
    header, body = call_frame(region, id_=2**64 - 1)
    with worker.connect() as connection:
        answer, content = ask(connection, header, body)
    assert answer == header._replace(nbytes=len(content), region_nbytes=0)
    assert check_outputs(region.workload, answered(region, content)) == ""


@each_kernel
def test_every_kernel_on_shared_memory(kernel: KernelSpec) -> None:
    """Offsets count from the start of the memory that the worker inherited; nothing but the result comes back."""
    region, offset = region_for(kernel.name, 500), 8192
    with sealed_memory(SHARED_NBYTES) as fd:
        os.pwrite(fd, region.memory.tobytes(), offset)
        with serving(worker_path("timed"), str(fd), str(SHARED_NBYTES), fds=[fd]) as running:
            assert not any("memfd" in link for link in running.descriptors().values())  # mapped, and closed
            with running.connect() as connection:
                answer, content = ask(connection, *shared_frame(region, offset))
        assert (answer.status, len(content)) == (frame.OK, 64)
        region.memory[:] = np.frombuffer(os.pread(fd, region.memory.size, offset), np.uint8)
    assert check_outputs(region.workload, region.outputs(int.from_bytes(content[:8], "little"))) == ""
    assert region.changed() == set()


def test_shared_memory_has_an_end(worker: RunningWorker) -> None:
    region = region_for("relu", 100)
    last = SHARED_NBYTES - region.end("out")
    with worker.connect() as connection:
        for offset, status in (
            (last // 4 * 4, frame.OK),
            (last + 4, frame.OUT_OF_BOUNDS),
            (2**63, frame.OUT_OF_BOUNDS),
        ):
            assert ask(connection, *shared_frame(region, offset))[0].status == status


def test_without_shared_memory_it_is_refused() -> None:
    with serving(worker_path("timed")) as running, running.connect() as connection:
        answer, _ = ask(connection, *shared_frame(region_for("relu", 1), 0))
        assert answer.status == frame.UNSUPPORTED
        assert ask(connection, Header(PING))[0].status == frame.OK


def test_the_other_frames(worker: RunningWorker) -> None:
    with worker.connect() as connection:
        answer, content = ask(connection, Header(PING, kernel=3, id=4, times=5))
        assert (answer, content) == (Header(PING, kernel=3, id=4, times=5), b"")
        answer, content = ask(connection, Header(HELLO, id=9), NONCE)
        nonce, library, pid = frame.HELLO_ANSWER.unpack(content)
        assert (answer.op, answer.id, nonce, pid) == (HELLO, 9, NONCE, worker.popen.pid)
        assert len(library) == len(bytes.fromhex(library.decode())) * 2
        answer, content = ask(connection, Header(COUNT, kernel=1))
        assert (answer.status, len(content), result_of(content, "Q")) == (frame.OK, 64, 2**64 - 1)
        connection.sendall(Header(CLOSE).pack())
        assert is_at_end(connection)


def test_the_answer_names_the_library_that_it_is_linked_with() -> None:
    with serving(worker_path("timed")) as running, running.connect() as connection:
        _, library, _ = frame.HELLO_ANSWER.unpack(ask(connection, Header(HELLO), NONCE)[1])
    assert library.decode() == toolchain_for("timed").native_library().facts["sha256"]


def test_entries_are_counted_in_the_counting_build() -> None:
    region = region_for("saxpy", 7)
    with serving(worker_path("counting")) as running, running.connect() as connection:
        for times in (1, 0, 5):
            assert ask(connection, *call_frame(region, times))[0].status == frame.OK
        counts = [result_of(ask(connection, Header(COUNT, kernel=i))[1], "Q") for i in range(len(KERNELS))]
    assert counts == [6 * (name == "saxpy") for name in KERNEL_NAMES]


@settings(max_examples=40)
@given(
    calls=st.lists(
        st.tuples(st.sampled_from(KERNEL_NAMES), st.integers(0, 300), st.integers(0, 2**64 - 1)), max_size=20
    ),
    cuts=st.lists(st.integers(1, 5000), max_size=30),
)
def test_pipelined_calls_are_answered_in_order(
    worker: RunningWorker, calls: list[tuple[str, int, int]], cuts: list[int]
) -> None:
    """However the stream is cut, and whatever is called in between."""
    regions = [region_for(name, size, seed=i) for i, (name, size, _) in enumerate(calls)]
    frames = [call_frame(region, id_=id_) for region, (_, _, id_) in zip(regions, calls, strict=True)]
    stream = b"".join(header.pack() + body for header, body in frames)
    with worker.connect() as connection:
        for cut in cuts:
            connection.sendall(stream[:cut])
            stream = stream[cut:]
        connection.sendall(stream)
        for region, (header, _) in zip(regions, frames, strict=True):
            answer, content = receive_frame(connection)
            assert answer == header._replace(nbytes=len(content), region_nbytes=0)
            assert check_outputs(region.workload, answered(region, content)) == ""


def test_a_slow_peer_sends_byte_by_byte(worker: RunningWorker) -> None:
    stream = Header(CALL, kernel=1, nbytes=16, region_nbytes=16).pack() + struct.pack("<qq", 40, 2)
    with worker.connect() as connection:
        for i in range(len(stream)):
            connection.sendall(stream[i : i + 1])
        answer, content = receive_frame(connection)
        assert (answer.status, result_of(content)) == (frame.OK, 42)


def test_a_long_body_and_a_long_answer(worker: RunningWorker) -> None:
    """Longer than every buffer on the way, with a short call right behind it."""
    region = region_for("relu", 3_000_001)
    header, body = call_frame(region)
    with worker.connect() as connection:
        connection.sendall(header.pack() + body + Header(PING, id=77).pack())
        assert check_outputs(region.workload, answered(region, receive_frame(connection)[1])) == ""
        assert receive_frame(connection)[0].id == 77


def test_signals_in_the_middle_lose_nothing() -> None:
    """They cut short what the worker is about to receive or send: recv(2) and send(2) then give a part of it."""
    region = region_for("relu", 1_000_001)
    header, body = call_frame(region)
    half = len(body) // 2
    with serving(worker_path("timed")) as running, running.connect() as connection:
        connection.sendall(header.pack() + body[:half])
        assert until(lambda: queued(connection, termios.TIOCOUTQ) == 0)
        interrupt(running)
        connection.sendall(body[half:])
        content = bytearray()
        while len(content) < HEADER.size + 64 + region.nbytes - outputs_start(region):
            assert until(lambda: queued(connection, termios.FIONREAD) > 0)
            interrupt(running)
            content += connection.recv(2**18)
    assert parse_header(content) == (frame.OK, header._replace(nbytes=len(content) - HEADER.size, region_nbytes=0))
    assert check_outputs(region.workload, answered(region, bytes(content[HEADER.size :]))) == ""


def queued(connection: socket.socket, request: int) -> int:
    """How many bytes we can read (FIONREAD), or the worker has not yet read (TIOCOUTQ)."""
    count = array.array("i", [0])
    fcntl.ioctl(connection, request, count)
    return count[0]


def interrupt(worker: RunningWorker) -> None:
    """Stop every thread of the worker wherever it is, and let it go on."""
    worker.popen.send_signal(signal.SIGSTOP)
    os.waitid(os.P_PID, worker.popen.pid, os.WSTOPPED)
    worker.popen.send_signal(signal.SIGCONT)
