"""The ring and the socket as Python serves them: what is refused, and what a worker outlives."""

from __future__ import annotations

import gc
import socket
import stat
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import psutil
import pytest

from ffi_spectrum.errors import CallError
from ffi_spectrum.kernels.table import KERNELS
from ffi_spectrum.kernels.workload import make_workload
from ffi_spectrum.measure.loop import call_once, compile_block
from ffi_spectrum.remote import frame
from ffi_spectrum.remote.ring_channel import RING_NBYTES
from ffi_spectrum.remote.socket_channel import SocketChannel
from ffi_spectrum.remote.socket_path import private_socket_path
from ffi_spectrum.rungs.device_memory import DeviceMemory
from ffi_spectrum.rungs.far_device import FarDevice
from ffi_spectrum.rungs.ring_client import RingClient, open_channel
from ffi_spectrum.rungs.socket_client import SocketClient
from ffi_spectrum.toolchain.build import Toolchain

from ..remote.processes import waits_until
from .device_rungs import KINDS, TREE, HostRing, HostUds
from .opened import with_worker
from .test_far_device import adding, opened

pytestmark = pytest.mark.timeout(120)


@pytest.fixture(autouse=True)
def _engine_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(TREE))


class LateRing(HostRing):
    """Its first request is the last but 199 before the numbers wrap."""

    def _connect(self) -> RingClient:
        memory = DeviceMemory(RING_NBYTES + frame.LIMIT_NBYTES)
        return RingClient(open_channel(memory, partial(self._start, memory), 10.0, 2**32 - 200), memory)


class KnownUds(HostUds):
    """Its socket has a place that others know."""

    path: Path

    def _connect(self) -> SocketClient:
        memory = DeviceMemory()
        worker = self._start_worker(memory, "uds", self.path)
        return SocketClient(SocketChannel(worker, self.path, self.deadline_s), memory)


@pytest.fixture
def ring() -> Iterator[FarDevice]:
    with with_worker(LateRing(LateRing.build(Toolchain()))) as rung:
        yield rung


@pytest.fixture
def uds() -> Iterator[FarDevice]:
    with private_socket_path() as path:
        rung = KnownUds(KnownUds.build(Toolchain()))
        rung.path = path
        with with_worker(rung):
            yield rung


def test_numbers_that_wrap_and_ways_of_waiting_that_change(ring: FarDevice) -> None:
    """A worker that sleeps is woken before it is counted on to spin; whatever rang before does no harm."""
    for i in range(300):
        assert call_once(adding(ring, ("spin", "eventfd")[i % 2], i, 1)) == i + 1
        bound = adding(ring, ("spin", "eventfd")[i // 2 % 2], i, 2)
        assert eval(bound.call, dict(bound.names)) == i + 2  # parked


@pytest.mark.parametrize("variant", ["spin", "eventfd"])
def test_a_worker_that_is_parked_uses_no_cpu(variant: str, ring: FarDevice) -> None:
    compile_block(adding(ring, variant, 1))(100)
    worker = psutil.Process(ring.worker_pid())
    before = worker.cpu_times()
    time.sleep(0.5)
    after = worker.cpu_times()
    assert after.user + after.system - before.user - before.system < 0.1


@pytest.mark.parametrize("name", ["device_ring", "device_uds"])
def test_what_the_worker_refuses(name: str) -> None:
    """The channel stays usable."""
    kind = KINDS[name]
    with with_worker(kind(kind.build(Toolchain()))) as rung:
        variant = rung.info.variants["prebound"][0]
        for op, error in ((99, "BAD_OP"), (frame.FAULT, "UNSUPPORTED"), (frame.RECORD, "BAD_OP")):
            with pytest.raises(CallError, match=error):
                rung.link.channel.request(frame.Header(op))
        assert call_once(adding(rung, variant, 40)) == 42


def test_the_socket_is_nobody_else_s(uds: KnownUds) -> None:
    assert stat.S_IMODE(uds.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(uds.path.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"no frame at all".ljust(48), frame.BAD_FRAME),
        (frame.Header(frame.CALL, nbytes=2**40).pack(), frame.TOO_LARGE),
        (frame.Header(frame.CALL, nbytes=64, region_nbytes=64).pack(), None),
    ],
)
def test_a_worker_outlives_what_is_no_frame(uds: KnownUds, sent: bytes, status: int | None) -> None:
    """It says so and ends the connection (it ends by itself where the frame is cut short), and serves the next one."""
    assert call_once(adding(uds, "frame", 40)) == 42
    first = uds.link.channel
    first._disconnect()
    with socket.socket(socket.AF_UNIX) as other:
        other.settimeout(10)
        other.connect(str(uds.path))
        other.sendall(sent)
        other.shutdown(socket.SHUT_WR)
        answer = other.recv(1000)
        assert answer == (b"" if status is None else frame.Header(0, status=status).pack())
        assert other.recv(1) == b""
    again = SocketChannel(first.worker, uds.path, 10.0)
    again.ping()


@pytest.mark.parametrize("name", KINDS)
def test_opening_and_closing_leaves_nothing(name: str) -> None:
    own = psutil.Process()
    for _ in range(2):
        with opened(name) as rung:
            rung.place(make_workload(KERNELS["relu"], 7), "device")
    gc.collect()
    before = own.num_fds(), len(own.children())
    for _ in range(5):
        with opened(name) as rung:
            rung.place(make_workload(KERNELS["relu"], 7), "device")
    del rung
    gc.collect()
    assert waits_until(lambda: own.num_fds() <= before[0])  # gRPC's threads close theirs a little later
    assert len(own.children()) == before[1]
