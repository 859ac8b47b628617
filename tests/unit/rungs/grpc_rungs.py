"""Opening gRPC rungs for tests, and calls of theirs."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ffi_spectrum.kernels.table import KERNELS
from ffi_spectrum.kernels.workload import Workload
from ffi_spectrum.rungs.base import BoundCall
from ffi_spectrum.rungs.grpc import Grpc
from ffi_spectrum.toolchain.artifact import Artifact

VARIANTS = ("unary", "stream")
by_variant = pytest.mark.parametrize("variant", VARIANTS)


def opened(artifacts: dict[str, Artifact]) -> Iterator[Grpc]:
    rung = Grpc(artifacts)
    rung.open()
    yield rung
    rung.close()


def bound_to(rung: Grpc, workload: Workload, variant: str, window: int = 0) -> BoundCall:
    """The prebound call, or a pipelined one."""
    buffers = rung.place(workload, "none" if workload.kernel.is_scalar else "host")
    if window:
        return rung.bind(buffers, "prebound", variant, "pipelined", (("cores", 1), ("window", window)))
    return rung.bind(buffers, "prebound", variant)


def spin(rung: Grpc, variant: str, steps: int) -> BoundCall:
    """A call that takes about 2 ns a step."""
    return bound_to(rung, Workload(KERNELS["spin"], 0, {"steps": steps}, {"seed": 1}), variant)


def pid_of(rung: Grpc) -> int:
    pid = rung.worker_pid()
    assert pid is not None
    return pid


def stop(pid: int) -> None:
    """Stop a process, and wait until every thread of it has noticed."""
    os.kill(pid, signal.SIGSTOP)
    until = time.monotonic() + 5
    while any(_state(task) != "T" for task in Path(f"/proc/{pid}/task").iterdir()):
        assert time.monotonic() < until
        time.sleep(0.001)


def _state(task: Path) -> str:
    """The letter after the name in parentheses, see proc(5)."""
    return (task / "stat").read_text().rpartition(")")[2].split()[0]
