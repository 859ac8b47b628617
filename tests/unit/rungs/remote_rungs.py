"""Rungs with a worker that obeys FAULT, and what tests do to it."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

import psutil

from ffi_spectrum.case import Placement
from ffi_spectrum.kernels.shapes import shapes_of
from ffi_spectrum.kernels.table import KERNELS
from ffi_spectrum.kernels.workload import make_workload
from ffi_spectrum.remote import frame
from ffi_spectrum.rungs.base import BoundCall, Buffers
from ffi_spectrum.rungs.pipe import Pipe
from ffi_spectrum.rungs.remote_rung import RemoteRung
from ffi_spectrum.rungs.uds import Uds
from ffi_spectrum.toolchain.artifact import Artifact
from ffi_spectrum.toolchain.build import Toolchain
from ffi_spectrum.toolchain.remote import worker_program

from ..remote.processes import waits_until


class FaultyUds(Uds):
    """The rung `uds` with a worker that crashes, hangs or exits when it is told to."""

    @classmethod
    def _build_worker(cls, toolchain: Toolchain) -> Artifact:
        return worker_program(toolchain, shapes_of(KERNELS.values()), faults=True)


class FaultyPipe(Pipe):
    """The rung `pipe`, likewise."""

    worker_flags: ClassVar[tuple[str, ...]] = ("faults",)


FAULTY: dict[str, type[RemoteRung]] = {"uds": FaultyUds, "pipe": FaultyPipe}
WAYS = [("uds", "frame"), ("uds", "memfd"), ("pipe", "")]


@contextmanager
def opened(name: str, deadline_s: float = 10.0) -> Iterator[RemoteRung]:
    """The rung, open; its worker is ended in any case."""
    kind = FAULTY[name]
    rung = kind(kind.build(Toolchain()))
    rung.deadline_s = deadline_s
    rung.open()
    worker = rung.link.worker
    try:
        yield rung
    finally:
        rung.close()
        worker.close()


def placed(rung: RemoteRung, kernel: str, size: int = 0, placement: Placement = "host") -> Buffers:
    """A workload of the kernel where the rung wants it."""
    spec = KERNELS[kernel]
    return rung.place(make_workload(spec, size), "none" if spec.is_scalar else placement)


def endless(rung: RemoteRung, variant: str) -> BoundCall:
    """A call that would take minutes."""
    bound = rung.far_side(placed(rung, "spin", 1000), variant)
    assert bound is not None
    return BoundCall(bound.call, {**bound.names, "times": 10**9}, owner=bound.owner)


def value_of(bound: BoundCall) -> Any:
    """Evaluate the call's expression."""
    return eval(bound.call, dict(bound.names))


def fault(rung: RemoteRung, kind: int, sleep_ns: int = 0) -> None:
    """Have the worker crash, sleep or exit, and wait for its answer."""
    rung.link.channel.request(frame.Header(frame.FAULT, times=kind, region_nbytes=sleep_ns))


def stop(pid: int) -> None:
    """Stop a process, and wait until it has stopped: until then it goes on answering."""
    os.kill(pid, signal.SIGSTOP)
    assert waits_until(lambda: psutil.Process(pid).status() == psutil.STATUS_STOPPED)


class Later:
    """Sends this process's child, or this process, a signal after a while; `sent` is when it did."""

    def __init__(self, pid: int, number: signal.Signals, seconds: float = 0.1) -> None:
        self.sent = 0.0
        self._timer = threading.Timer(seconds, self._send, (pid, number))
        self._timer.start()

    def _send(self, pid: int, number: signal.Signals) -> None:
        self.sent = time.monotonic()
        os.kill(pid, number)
