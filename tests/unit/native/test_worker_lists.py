"""Recorded lists over the worker's socket: replayed with new data, checked once and for all, and refused where bad."""

from __future__ import annotations

import mmap
import os
import socket
import struct
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ffi_spectrum.kernels.workload import check_outputs
from ffi_spectrum.remote import frame
from ffi_spectrum.remote.frame import FORGET, PING, RECORD, REPLAY, Header

from ..toolchain.thunk_region import KERNEL_NAMES, Region
from .call_frames import region_for
from .running_worker import RunningWorker, ask, is_at_end, receive_frame, sealed_memory, serving, worker_path

SHARED_NBYTES = 1 << 18
# Where a test's rows lie, and its buffers; a row has room for any kernel.
ROWS_AT, DATA_AT, STRIDE = 4096, 65536, 14
MAX_LISTS = 64
ADD, DOT, NOOP = (KERNEL_NAMES.index(name) for name in ("add", "dot", "noop"))


class Shared(NamedTuple):
    """A worker, and the memory that it shares, as 64-bit words and as bytes."""

    worker: RunningWorker
    words: npt.NDArray[np.uint64]
    content: npt.NDArray[np.uint8]


@pytest.fixture(scope="module", params=["timed", "ubsan", "asan"])
def shared(request: pytest.FixtureRequest) -> Iterator[Shared]:
    """A worker as users have it, and its memory."""
    with sealed_memory(SHARED_NBYTES) as fd:
        content = np.frombuffer(mmap.mmap(os.dup(fd), SHARED_NBYTES), np.uint8)
        program = worker_path(request.param, faults=False)
        with serving(program, str(fd), str(SHARED_NBYTES), fds=[fd]) as running:
            yield Shared(running, content.view(np.uint64), content)


def put_rows(shared: Shared, rows: Sequence[Sequence[int]]) -> bytes:
    """Lay out the rows, and give what RECORD's body says of them."""
    area = shared.words[ROWS_AT // 8 :][: len(rows) * STRIDE].reshape(-1, STRIDE)
    area[:] = 0xA5
    for target, row in zip(area, rows, strict=True):
        target[: len(row)] = row
    return struct.pack("<QQQ", ROWS_AT, len(rows), STRIDE)


def record(connection: socket.socket, body: bytes) -> tuple[int, int]:
    """Status and id."""
    answer, content = ask(connection, Header(RECORD), body)
    assert len(content) == (64 if answer.status == frame.OK else 0)
    return answer.status, int.from_bytes(content[:8], "little")


def do(connection: socket.socket, op: int, id_: int, times: int = 1) -> int:
    answer, content = ask(connection, Header(op, id_, times=times))
    assert (answer.op, content) == (op, b"")
    return answer.status


def put_region(shared: Shared, region: Region) -> list[int]:
    """Copy a workload's buffers into the shared memory; its row."""
    words = region.slots().tolist()[: len(region.rows)]
    shared.content[DATA_AT : DATA_AT + region.memory.size] = region.memory
    for i, (_, argument, _) in enumerate(region.rows):
        words[i] += DATA_AT * argument.is_buffer
    return [KERNEL_NAMES.index(region.kernel.name), *words]


@pytest.mark.parametrize("name", KERNEL_NAMES)
def test_every_kernel_is_replayed_with_new_data(shared: Shared, name: str) -> None:
    with shared.worker.connect() as connection:
        body = put_rows(shared, [put_region(shared, region_for(name, 50))])
        status, id_ = record(connection, body)
        assert status == frame.OK
        for seed in (1, 2):
            region = region_for(name, 50, seed)
            row = put_region(shared, region)
            for slot, (_, argument, _) in enumerate(region.rows, 1):
                if argument.role == "scalar":
                    shared.words[ROWS_AT // 8 + slot] = row[slot]
            assert do(connection, REPLAY, id_) == frame.OK
            region.memory[:] = shared.content[DATA_AT : DATA_AT + region.memory.size]
            result = int(shared.words[ROWS_AT // 8 + len(row)])
            narrow = 2 ** (8 * np.dtype(region.kernel.returns or "u8").itemsize)
            assert check_outputs(region.workload, region.outputs(result % narrow)) == ""


def test_what_was_checked_cannot_be_changed_afterwards(shared: Shared) -> None:
    """Kernel, addresses and lengths of the rows are not looked at again."""
    region = region_for("dot", 50)
    row = put_region(shared, region)
    with shared.worker.connect() as connection:
        _, id_ = record(connection, put_rows(shared, [row]))
        first = ROWS_AT // 8
        shared.words[first : first + 4] = (2**32 - 1, 2**63, SHARED_NBYTES - 8, 2**32 - 1)
        assert do(connection, REPLAY, id_) == frame.OK
        assert check_outputs(region.workload, region.outputs(int(shared.words[first + 4]))) == ""


def test_calls_run_in_order_and_as_often_as_is_said(shared: Shared) -> None:
    rows = [[ADD, i, 5] for i in range(1000)] + [[NOOP]]
    with shared.worker.connect() as connection:
        _, id_ = record(connection, put_rows(shared, rows))
        assert do(connection, REPLAY, id_, times=0) == frame.OK
        area = shared.words[ROWS_AT // 8 :][: len(rows) * STRIDE].reshape(-1, STRIDE)
        assert (area[:, 3] == 0xA5).all()
        assert do(connection, REPLAY, id_, times=3) == frame.OK
        assert area[:-1, 3].tolist() == [i + 5 for i in range(1000)]
        assert area[-1, 1] == 0xA5


@pytest.mark.parametrize(
    ("row", "status"),
    [
        ([len(KERNEL_NAMES)], frame.UNKNOWN_KERNEL),
        ([2**64 - 1], frame.UNKNOWN_KERNEL),
        ([2**32 + ADD, 1, 2], frame.UNKNOWN_KERNEL),
        ([0x10000, 1], frame.UNKNOWN_KERNEL),  # a batch
        ([DOT, SHARED_NBYTES - 8, 0, 2], frame.OUT_OF_BOUNDS),
        ([DOT, 0, SHARED_NBYTES, 1], frame.OUT_OF_BOUNDS),
        ([DOT, 2**64 - 8, 0, 2], frame.OUT_OF_BOUNDS),
        ([DOT, 4, 0, 1], frame.OUT_OF_BOUNDS),
        ([DOT, 0, 0, 2**32 - 1], frame.OUT_OF_BOUNDS),
        ([KERNEL_NAMES.index("relu"), 0, 0, 4], frame.OUT_OF_BOUNDS),
    ],
)
def test_a_bad_call_anywhere_in_the_list_refuses_all_of_it(shared: Shared, row: list[int], status: int) -> None:
    with shared.worker.connect() as connection:
        for rows in ([row], [[ADD, 1, 2], row], [[ADD, 1, 2]] * 20 + [row] + [[NOOP]]):
            assert record(connection, put_rows(shared, rows))[0] == status
        assert shared.words[ROWS_AT // 8 + 3] == 0xA5  # nothing was called
        assert record(connection, put_rows(shared, [[ADD, 1, 2]]))[0] == frame.OK


@pytest.mark.parametrize("nbytes", [0, 8, 23, 25, 48, 1024])
def test_a_record_of_another_length_ends_the_connection(shared: Shared, nbytes: int) -> None:
    with shared.worker.connect() as connection:
        connection.sendall(Header(RECORD, nbytes=nbytes).pack() + bytes(nbytes))
        assert receive_frame(connection)[0].status == frame.BAD_FRAME
        assert is_at_end(connection)


def test_lists_belong_to_their_connection_and_end_with_it(shared: Shared) -> None:
    body = put_rows(shared, [[ADD, 1, 2]])
    for _ in range(3):
        with shared.worker.connect() as connection, shared.worker.connect() as other:
            ids = []
            for _ in range(MAX_LISTS):
                status, id_ = record(connection, body)
                assert status == frame.OK
                ids.append(id_)
            assert record(connection, body)[0] == frame.TOO_LARGE
            assert len(set(ids)) == MAX_LISTS
            assert do(other, REPLAY, ids[-1]) == frame.UNKNOWN_LIST
            assert do(other, FORGET, ids[-1]) == frame.UNKNOWN_LIST
            assert [do(connection, FORGET, id_) for id_ in ids] == [frame.OK] * MAX_LISTS
            assert [do(connection, op, ids[0]) for op in (REPLAY, FORGET)] == [frame.UNKNOWN_LIST] * 2
            assert record(connection, body)[0] == frame.OK
            assert do(connection, REPLAY, ids[0]) == frame.UNKNOWN_LIST  # its place has another list


def test_a_worker_that_shares_no_memory_records_nothing() -> None:
    with serving(worker_path("timed")) as worker, worker.connect() as connection:
        assert record(connection, struct.pack("<QQQ", 0, 1, 2))[0] == frame.UNSUPPORTED
        assert do(connection, REPLAY, 0) == frame.UNKNOWN_LIST


WORDS = st.sampled_from(
    [0, 1, 7, 8, 12, 64, DATA_AT, SHARED_NBYTES - 8, SHARED_NBYTES, 2**31, 2**32 - 1, 2**63, 2**64 - 8, 2**64 - 1]
) | st.integers(0, SHARED_NBYTES)
# Kernels whose time stays short whatever their words say.
QUICK = [i for i, name in enumerate(KERNEL_NAMES) if name not in ("spin", "matmul", "dense_relu", "bias_add")]
ROWS = st.lists(st.tuples(st.sampled_from([*QUICK, 99, 2**63]), st.lists(WORDS, min_size=13, max_size=13)), max_size=5)
PLACES = st.tuples(
    st.just(ROWS_AT) | WORDS, st.integers(0, 6) | WORDS, st.just(STRIDE) | st.integers(0, 16) | WORDS
)  # fmt: skip


@settings(max_examples=300)
@given(rows=ROWS, place=PLACES, later=st.lists(WORDS, max_size=40), times=st.integers(0, 2))
def test_no_list_harms_the_worker(
    shared: Shared, rows: list[tuple[int, list[int]]], place: tuple[int, int, int], later: list[int], times: int
) -> None:
    """Whatever the rows and the request say, and whatever becomes of the rows after the recording."""
    shared.words[:] = 0
    put_rows(shared, [[kernel, *words] for kernel, words in rows])
    with shared.worker.connect() as connection:
        status, id_ = record(connection, struct.pack("<QQQ", *place))
        shared.words[ROWS_AT // 8 : ROWS_AT // 8 + len(later)] = later
        assert do(connection, REPLAY, id_, times) == (frame.OK if status == frame.OK else frame.UNKNOWN_LIST)
        assert status < len(frame.STATUSES)
        assert ask(connection, Header(PING))[0].status == frame.OK
    assert shared.worker.is_alive()
