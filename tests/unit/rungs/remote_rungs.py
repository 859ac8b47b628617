"""Rungs with a worker behind a stream, and what tests do to it."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psutil

from ffi_spectrum.case import Placement
from ffi_spectrum.kernels.table import KERNELS
from ffi_spectrum.kernels.workload import make_workload
from ffi_spectrum.rungs.base import BoundCall, Buffers
from ffi_spectrum.rungs.pipe import Pipe
from ffi_spectrum.rungs.remote_rung import RemoteRung
from ffi_spectrum.rungs.uds import Uds
from ffi_spectrum.toolchain.build import Toolchain

from ..remote.processes import waits_until
from .opened import with_worker

RUNGS: dict[str, type[RemoteRung]] = {"uds": Uds, "pipe": Pipe}
WAYS = [("uds", "frame"), ("uds", "memfd"), ("pipe", "")]


@contextmanager
def opened(name: str, deadline_s: float = 10.0) -> Iterator[RemoteRung]:
    """The rung, open; its worker is ended in any case."""
    rung = RUNGS[name](RUNGS[name].build(Toolchain()))
    rung.deadline_s = deadline_s
    with with_worker(rung):
        yield rung


def placed(rung: RemoteRung, kernel: str, size: int = 0, placement: Placement = "host") -> Buffers:
    """A workload of the kernel where the rung wants it."""
    spec = KERNELS[kernel]
    return rung.place(make_workload(spec, size), "none" if spec.is_scalar else placement)


def endless(rung: RemoteRung, variant: str) -> BoundCall:
    """A call that would take minutes."""
    return spinning(rung, variant, 10**12)


def spinning(rung: RemoteRung, variant: str, steps: int) -> BoundCall:
    """A call of so many steps, of 1 to 3 ns each."""
    bound = rung.far_side(placed(rung, "spin", 1000), variant)
    assert bound is not None
    return BoundCall(bound.call, {**bound.names, "times": steps // 1000}, owner=bound.owner)


def value_of(bound: BoundCall) -> Any:
    """Evaluate the call's expression."""
    return eval(bound.call, dict(bound.names))


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
