"""The worker's Unix socket, used as it must not be: every refusal, and the limits to the byte."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ffi_spectrum.kernels.table import KERNELS
from ffi_spectrum.kernels.workload import check_outputs
from ffi_spectrum.remote import frame
from ffi_spectrum.remote.frame import CALL, CALL_SHARED, COUNT, FAULT, HELLO, LIMIT_NBYTES, PING, Header

from ..toolchain.thunk_region import KERNEL_NAMES, Region
from .call_frames import answered, call_frame, outputs_start, region_for
from .running_worker import RunningWorker, as_users_have_it, ask, is_at_end, receive_frame, serving, worker_path

SHARED_NBYTES = 1 << 16
# More bytes than a frame may announce, up to where a signed number would be negative.
TOO_MANY = [LIMIT_NBYTES + 1, 2**32, 2**63, 2**64 - 1]


@pytest.fixture(scope="module", params=["timed", "ubsan", "asan"])
def worker(request: pytest.FixtureRequest) -> Iterator[RunningWorker]:
    with as_users_have_it(request.param, SHARED_NBYTES) as running:
        yield running


@pytest.mark.parametrize(
    ("header", "body", "status"),
    [
        (Header(CALL, kernel=len(KERNELS)), b"", frame.UNKNOWN_KERNEL),
        (Header(CALL, kernel=2**32 - 1, region_nbytes=64), b"1234567", frame.UNKNOWN_KERNEL),
        (Header(CALL_SHARED, kernel=len(KERNELS)), b"", frame.UNKNOWN_KERNEL),
        (Header(COUNT, kernel=len(KERNELS)), b"", frame.UNKNOWN_KERNEL),
        (Header(0), b"", frame.BAD_OP),
        (Header(8), bytes(100), frame.BAD_OP),
        (Header(2**16 - 1), bytes(1024), frame.BAD_OP),
        (Header(FAULT, times=1), b"", frame.UNSUPPORTED),
        (Header(FAULT, times=3, region_nbytes=2**64 - 1), b"", frame.UNSUPPORTED),
    ],
)
def test_a_refused_request_harms_no_other(worker: RunningWorker, header: Header, body: bytes, status: int) -> None:
    with worker.connect() as connection:
        answer, content = ask(connection, header, body)
        assert (answer, content) == (header._replace(status=status, nbytes=0, region_nbytes=0), b"")
        assert ask(connection, Header(PING))[0].status == frame.OK


def test_a_buffer_that_leaves_the_region_is_refused(worker: RunningWorker) -> None:
    for name in ("dot", "saxpy", "base64_encode", "dense_relu"):
        region = region_for(name, 50)
        header, body = call_frame(region)
        short = header._replace(region_nbytes=outputs_start(region) + 64)
        with worker.connect() as connection:
            for argument in region.offsets:
                bad = Region(region.workload, region.prototype, region.offsets | {argument: 2**64 - 64}, region.nbytes)
                slots = bad.slots().tobytes().ljust(64, b"\0")
                answer, content = ask(connection, header, slots + body[64:])
                assert (answer.status, content) == (frame.OUT_OF_BOUNDS, b"")
            assert ask(connection, short, body)[0].status == (frame.OK if name == "dot" else frame.OUT_OF_BOUNDS)
            answer, content = ask(connection, header, body)
        assert check_outputs(region.workload, answered(region, content)) == ""


BAD = {
    "magic": (b"FFIT" + Header(PING).pack()[4:], b"", frame.BAD_FRAME),
    "version": (b"FFIS\2\0" + Header(PING).pack()[6:], b"", frame.BAD_FRAME),
    "zeros": (bytes(48), b"", frame.BAD_FRAME),
    "ones": (b"\xff" * 48, b"", frame.BAD_FRAME),
    "http": (b"GET / HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\n\r\n\r\n", b"", frame.BAD_FRAME),
    "long ping": (Header(PING, nbytes=1025).pack(), b"", frame.BAD_FRAME),
    "long unknown": (Header(99, nbytes=LIMIT_NBYTES).pack(), b"", frame.BAD_FRAME),
    "short nonce": (Header(HELLO, nbytes=15).pack(), bytes(15), frame.BAD_FRAME),
    "long nonce": (Header(HELLO, nbytes=17).pack(), bytes(17), frame.BAD_FRAME),
    "more than the region": (Header(CALL, kernel=1, nbytes=64, region_nbytes=63).pack(), b"", frame.BAD_FRAME),
    "too few slots": (Header(CALL, kernel=1, nbytes=15, region_nbytes=64).pack(), bytes(15), frame.BAD_FRAME),
    "too few shared slots": (Header(CALL_SHARED, kernel=1, nbytes=15).pack(), bytes(15), frame.BAD_FRAME),
}
for many in TOO_MANY:
    BAD |= {
        f"call of {many}": (Header(CALL, nbytes=many, region_nbytes=64).pack(), b"", frame.TOO_LARGE),
        f"hello of {many}": (Header(HELLO, nbytes=many).pack(), b"", frame.TOO_LARGE),
        f"call in {many}": (Header(CALL, region_nbytes=many).pack(), b"", frame.TOO_LARGE),
        f"ping in {many}": (Header(PING, region_nbytes=many).pack(), b"", frame.TOO_LARGE),
    }


@pytest.mark.parametrize(("header", "body", "status"), BAD.values(), ids=BAD)
def test_a_bad_frame_is_answered_and_ends_its_connection(
    worker: RunningWorker, header: bytes, body: bytes, status: int
) -> None:
    with worker.connect() as connection, worker.connect() as other:
        ask(other, Header(PING))
        connection.sendall(header + body)
        answer, content = receive_frame(connection)
        assert (answer, content) == (Header(0, status=status, times=0), b"")
        assert is_at_end(connection)
        assert ask(other, Header(PING))[0].status == frame.OK


def test_lengths_are_checked_before_anything_is_allocated() -> None:
    with serving(worker_path("timed")) as running:

        def growth(header: Header) -> int:
            with running.connect() as connection:
                ask(connection, Header(PING))  # its thread has its stack now
                before = running.address_space_nbytes("VmPeak")
                ask(connection, header)
                return running.address_space_nbytes("VmPeak") - before

        for many in TOO_MANY:
            assert growth(Header(CALL, region_nbytes=many)) == 0
        assert growth(Header(CALL, region_nbytes=LIMIT_NBYTES - 64)) == LIMIT_NBYTES


def test_a_region_that_grows_is_one_region() -> None:
    with serving(worker_path("timed")) as running, running.connect() as connection:
        ask(connection, Header(PING))
        before = running.address_space_nbytes()
        for nbytes in (2**20, 2**24 - 64, 2**25 - 64, 64):
            assert ask(connection, Header(CALL, region_nbytes=nbytes))[0].status == frame.OK
        assert running.address_space_nbytes() - before == 2**25


def test_the_limit_itself_is_allowed(worker: RunningWorker) -> None:
    with worker.connect() as connection:
        header = Header(CALL, kernel=KERNEL_NAMES.index("noop"), region_nbytes=LIMIT_NBYTES)
        answer, content = ask(connection, header, bytes(LIMIT_NBYTES))
        assert (answer.status, len(content)) == (frame.OK, 64)
        answer, content = ask(connection, header._replace(region_nbytes=LIMIT_NBYTES - 64))
        assert (answer.status, len(content)) == (frame.OK, LIMIT_NBYTES)
        connection.sendall(header.pack())  # its answer would have 64 bytes more
        assert receive_frame(connection)[0].status == frame.TOO_LARGE
