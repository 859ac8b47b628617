"""Many connections at once: none waits for another, none is lost, and none outlives its peer."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from threading import Thread

import pytest

from ffi_spectrum.kernels.workload import check_outputs
from ffi_spectrum.remote import frame
from ffi_spectrum.remote.frame import CALL, FAULT, LIMIT_NBYTES, PING, Header
from ffi_spectrum.toolchain.target import Build

from .call_frames import answered, call_frame, region_for
from .running_worker import DEADLINE_S, RunningWorker, ask, is_at_end, receive_frame, serving, until, worker_path

MAX_CONNECTIONS = 8
KINDS: list[Build] = ["timed", "ubsan", "asan"]


@pytest.fixture(params=KINDS)
def worker(request: pytest.FixtureRequest) -> Iterator[RunningWorker]:
    with serving(worker_path(request.param)) as running:
        yield running


def threads(worker: RunningWorker) -> int:
    return len(list(Path(f"/proc/{worker.popen.pid}/task").iterdir()))


def is_served(connection: socket.socket) -> bool:
    return ask(connection, Header(PING))[0].status == frame.OK


def test_one_connection_too_many_is_told_so(worker: RunningWorker) -> None:
    with ExitStack() as stack:
        connections = [stack.enter_context(worker.connect()) for _ in range(MAX_CONNECTIONS)]
        assert all(is_served(connection) for connection in connections)
        for _ in range(3):
            with worker.connect() as late:
                assert receive_frame(late) == (Header(0, status=frame.UNSUPPORTED, times=0), b"")
                assert is_at_end(late)
        assert all(is_served(connection) for connection in connections)
        connections[3].close()

        def is_free() -> bool:
            with worker.connect() as late, suppress(BrokenPipeError, ConnectionResetError):
                return is_served(late)
            return False

        assert until(is_free)


def test_connections_that_ended_leave_nothing(worker: RunningWorker) -> None:
    held, resting, sizes = worker.descriptors(), threads(worker), []
    for i in range(100):
        sizes.append(worker.address_space_nbytes())
        with worker.connect() as connection:
            if i % 2:
                connection.sendall(Header(CALL, nbytes=10, region_nbytes=LIMIT_NBYTES // 4).pack())
            else:
                assert is_served(connection)
        assert until(lambda: threads(worker) == resting)
    assert until(lambda: worker.descriptors() == held)  # the last one may not even have been accepted
    assert sizes[-1] - sizes[10] < LIMIT_NBYTES


@pytest.mark.parametrize("build", KINDS)
def test_a_peer_that_never_reads_stops_only_itself(build: Build) -> None:
    """The worker's answers fill the socket; from then on it takes no more requests of this peer."""
    header, body = call_frame(region_for("relu", 50_000))
    with serving(worker_path(build)) as worker:
        with worker.connect() as greedy:
            greedy.settimeout(0.5)
            with pytest.raises(TimeoutError):
                greedy.sendall(100 * (header.pack() + body))
            for _ in range(3):
                with worker.connect() as other:
                    region = region_for("relu", 50_000)
                    answer, content = ask(other, *call_frame(region))
                    assert answer.status == frame.OK
                    assert check_outputs(region.workload, answered(region, content)) == ""
            greedy.settimeout(DEADLINE_S)
            assert receive_frame(greedy)[0].status == frame.OK  # and it goes on where it stopped
        assert until(lambda: threads(worker) == 2)
        assert worker.is_alive()


def test_a_call_that_takes_long_keeps_nobody_waiting(worker: RunningWorker) -> None:
    with worker.connect() as slow, worker.connect() as fast:
        slow.sendall(Header(FAULT, times=frame.FAULT_SLEEP, region_nbytes=3600 * 10**9).pack())
        assert all(is_served(fast) for _ in range(100))
        slow.setblocking(False)
        with pytest.raises(BlockingIOError):
            slow.recv(1)


def test_connections_do_not_mix_their_regions(worker: RunningWorker) -> None:
    wrong: list[str] = []

    def call_often(seed: int) -> None:
        with worker.connect() as connection:
            for i in range(30):
                region = region_for("bias_add", 500 + 100 * seed, seed=100 * seed + i)
                _, content = ask(connection, *call_frame(region))
                wrong.append(check_outputs(region.workload, answered(region, content)))

    callers = [Thread(target=call_often, args=(seed,)) for seed in range(MAX_CONNECTIONS)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join(DEADLINE_S)
    assert wrong == [""] * 30 * MAX_CONNECTIONS
