"""The gRPC rung's worker: who may reach it, how it ends, and what becomes of a call that it does not answer."""

from __future__ import annotations

import gc
import os
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ffi_spectrum.errors import CallError, ChannelRetired, DeadlineExceeded, FarSideDied, ProtocolError
from ffi_spectrum.kernels.table import KERNELS
from ffi_spectrum.kernels.workload import Workload, make_workload
from ffi_spectrum.measure.loop import call_once, compile_block
from ffi_spectrum.remote.grpc_process import check_modes, start_worker
from ffi_spectrum.remote.socket_path import private_socket_path
from ffi_spectrum.rungs.base import BoundCall
from ffi_spectrum.rungs.grpc import Grpc
from ffi_spectrum.toolchain.artifact import Artifact
from ffi_spectrum.toolchain.build import Toolchain

from ..remote.processes import is_running, waits_until
from .grpc_rungs import VARIANTS, bound_to, by_variant, opened, pid_of, spin, stop

pytest.importorskip("grpc", reason="the gRPC rung needs its packages: `pip install grpcio grpcio-tools`")

NOOP = KERNELS["noop"]
# Steps of a call that runs for seconds, if nobody ends it
LONG = 2**31


@pytest.fixture(scope="module")
def artifacts() -> dict[str, Artifact]:
    return Grpc.build(Toolchain())


@pytest.fixture
def rung(artifacts: dict[str, Artifact]) -> Iterator[Grpc]:
    """A rung whose worker may be ended."""
    yield from opened(artifacts)


def elapsed_s(call: Callable[[], Any], error: type[Exception]) -> float:
    start = time.monotonic()
    with pytest.raises(error):
        call()
    return time.monotonic() - start


@by_variant
@pytest.mark.parametrize("window", [0, 8])
def test_a_stopped_worker_is_given_up_at_the_deadline(variant: str, window: int, rung: Grpc) -> None:
    bound = bound_to(rung, make_workload(NOOP, 0), variant, window)
    block = compile_block(BoundCall(bound.call, bound.names, finish=bound.finish))  # without the set-up's ping
    block(3)
    rung.deadline_s = 0.3
    pid = pid_of(rung)
    stop(pid)
    assert 0.25 < elapsed_s(lambda: block(3), DeadlineExceeded) < 3
    assert waits_until(lambda: not is_running(pid), 1)
    for _ in range(3):
        assert elapsed_s(lambda: block(3), ChannelRetired) < 0.25  # nothing is waited for


@by_variant
def test_a_call_that_takes_too_long_ends_its_worker(variant: str, rung: Grpc) -> None:
    rung.deadline_s = 0.3
    pid = pid_of(rung)
    call = spin(rung, variant, LONG)
    assert 0.25 < elapsed_s(lambda: call_once(call), DeadlineExceeded) < 3
    assert waits_until(lambda: not is_running(pid), 1)


@by_variant
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV], ids=["KILL", "SEGV"])
def test_death_while_idle(variant: str, number: signal.Signals, rung: Grpc) -> None:
    call = bound_to(rung, make_workload(NOOP, 0), variant)
    call_once(call)
    os.kill(pid_of(rung), number)
    assert waits_until(lambda: not is_running(pid_of(rung)), 3)  # until then it may answer
    with pytest.raises(FarSideDied, match=number.name):
        call_once(call)
    with pytest.raises(ChannelRetired, match=number.name):
        call_once(call)


@by_variant
def test_death_in_a_call(variant: str, rung: Grpc) -> None:
    call = spin(rung, variant, LONG)
    died: list[float] = []

    def kill() -> None:
        died.append(time.monotonic())
        os.kill(pid_of(rung), signal.SIGKILL)

    timer = threading.Timer(0.2, kill)
    timer.start()
    with pytest.raises(FarSideDied, match="SIGKILL"):
        call_once(call)
    assert time.monotonic() - died[0] < 1  # and not the deadline of 10 s
    timer.join(1)


@by_variant
def test_an_interrupted_call_is_never_answered_later(variant: str, rung: Grpc) -> None:
    call = spin(rung, variant, 2**28)
    timer = threading.Timer(0.1, lambda: os.kill(os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        call_once(call)
    timer.join(1)
    add = bound_to(rung, Workload(KERNELS["add"], 0, {}, {"a": 2, "b": 3}), variant)
    try:
        assert call_once(add) == 5
    except ChannelRetired:
        assert variant == "stream"


def test_a_closed_worker_is_no_hang(rung: Grpc) -> None:
    call = bound_to(rung, make_workload(NOOP, 0), "unary")
    rung.link.channel.worker.close()
    with pytest.raises(CallError):
        call_once(call)


def test_modes_of_folder_and_socket(artifacts: dict[str, Artifact]) -> None:
    with private_socket_path() as path:
        worker = start_worker(path, files_of(artifacts), artifacts["library"].facts["sha256"])
        assert stat.filemode(path.stat().st_mode) == "srw-------"
        assert stat.filemode(path.parent.stat().st_mode) == "drwx------"
        assert path.parent.stat().st_uid == os.geteuid()
        for wrong in (path, path.parent):
            right = stat.S_IMODE(wrong.stat().st_mode)
            wrong.chmod(right | 0o055)
            with pytest.raises(ProtocolError, match="open to others"):
                check_modes(path)
            wrong.chmod(right)
        check_modes(path)
        worker.close()
    assert not path.parent.exists()


def files_of(artifacts: dict[str, Artifact]) -> list[Path]:
    return [artifacts[name].path for name in ("messages", "prototypes", "worker")]


def test_a_second_server_on_the_same_path_is_refused(
    artifacts: dict[str, Artifact], capfd: pytest.CaptureFixture[str]
) -> None:
    digest = artifacts["library"].facts["sha256"]
    with private_socket_path() as path:
        first = start_worker(path, files_of(artifacts), digest)
        node = path.stat().st_ino
        with pytest.raises(FarSideDied, match="exit code 1"):
            start_worker(path, files_of(artifacts), digest)
        assert "another server has the socket" in capfd.readouterr().err
        assert path.stat().st_ino == node
        assert first.died() == ""
        first.close()


def test_a_worker_of_another_library_is_refused(artifacts: dict[str, Artifact]) -> None:
    with private_socket_path() as path, pytest.raises(ProtocolError, match="library"):
        start_worker(path, files_of(artifacts), "0" * 64)


def test_the_worker_lives_until_the_last_call_has_gone(artifacts: dict[str, Artifact]) -> None:
    rung = Grpc(artifacts)
    rung.open()
    pid = pid_of(rung)
    calls = [bound_to(rung, make_workload(NOOP, 0), variant) for variant in VARIANTS]
    rung.close()
    while calls:
        call_once(calls[-1])
        calls.pop()
    gc.collect()
    assert waits_until(lambda: not is_running(pid), 1)


PROGRAM = """
import os, signal, sys
from ffi_spectrum.kernels.table import KERNELS
from ffi_spectrum.kernels.workload import make_workload
from ffi_spectrum.measure.loop import call_once
from ffi_spectrum.rungs.grpc import Grpc
from ffi_spectrum.toolchain.build import Toolchain

rung = Grpc(Grpc.build(Toolchain()))
rung.open()
print(rung.worker_pid())
for variant in ("unary", "stream"):
    call_once(rung.bind(rung.place(make_workload(KERNELS["noop"], 0), "none"), "prebound", variant))
os.kill(os.getpid() if sys.argv[1] == "client" else rung.worker_pid(), int(sys.argv[2]))
"""


@pytest.mark.parametrize(("whom", "number"), [("client", 0), ("client", 9), ("worker", 9)])
def test_nothing_is_printed_and_no_worker_is_left(whom: str, number: int) -> None:
    """Whoever ends first, and however."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, whom, str(number)], capture_output=True, text=True, timeout=60
    )
    assert done.stderr == ""
    assert done.returncode == (-9 if (whom, number) == ("client", 9) else 0)
    assert waits_until(lambda: not is_running(int(done.stdout or 0)), 1)
