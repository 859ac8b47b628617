"""Faults of the other process, done for real, and what a caller gets to see: the rows of docs/faults.md."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from ffi_spectrum.errors import CallError, ChannelRetired
from ffi_spectrum.kernels.table import KERNELS
from ffi_spectrum.kernels.workload import Workload, make_workload
from ffi_spectrum.measure.loop import call_once
from ffi_spectrum.rungs.base import BoundCall
from ffi_spectrum.rungs.far_rung import FarRung
from ffi_spectrum.rungs.table import RUNGS, rung_class
from ffi_spectrum.toolchain.artifact import Artifact

from .interposer import CRASH, EXIT, SLEEP

# What a call may wait in faults that nothing but the deadline ends, and in all others, which must not need it.
SHORT_S, LONG_S = 0.5, 20.0
HALF_A_MINUTE_NS = 30 * 10**9
# whose worker calls the library that these faults are put into: tests/unit/rungs/test_far_device.py has the others
REMOTE = tuple(
    name
    for name, info in ((name, rung_class(name).info) for name in RUNGS)
    if info.panel_group == "out-of-process" and not info.uses_device
)


@dataclass(frozen=True, slots=True)
class Row:
    """What became of one fault: the error's type, the seconds until it came, and whether the rung could be reopened."""

    fault: str
    way: str
    error: str
    seconds: float
    is_retired: bool
    is_reopened: bool


@dataclass(slots=True)
class Opened:
    """A rung under test: how to open it, the one that is open, and the variant that is called."""

    rung: FarRung[Any]
    variant: str
    reopen: Callable[[], FarRung[Any]]

    @property
    def pid(self) -> int:
        pid = self.rung.worker_pid()
        assert pid is not None
        return pid

    def add(self, a: int, b: int) -> BoundCall:
        buffers = self.rung.place(Workload(KERNELS["add"], 0, {}, {"a": a, "b": b}), "none")
        return self.rung.bind(buffers, "prebound", self.variant)

    def copying(self) -> BoundCall:
        """A call that carries 24 MiB."""
        buffers = self.rung.place(make_workload(KERNELS["relu"], 3 * 2**20), "host")
        return self.rung.bind(buffers, "prebound", self.variant)


@contextmanager
def later(seconds: float, deed: Callable[[], None], stamps: list[float]) -> Iterator[None]:
    """Do it from another thread after so many seconds, and note when."""

    def run() -> None:
        time.sleep(seconds)
        stamps.append(time.monotonic())
        deed()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        thread.join(60)


def kill(opened: Opened, number: signal.Signals = signal.SIGKILL) -> Callable[[], None]:
    return lambda: os.kill(opened.pid, number)


def _idle(number: signal.Signals) -> Callable[[Opened], float]:
    def deed(opened: Opened) -> float:
        call = opened.add(4, 5)
        call_once(call)
        os.kill(opened.pid, number)
        time.sleep(0.05)
        _note([time.monotonic()], call)
        raise AssertionError("the call came back")

    return deed


def _in_call(number: signal.Signals) -> Callable[[Opened], float]:
    def deed(opened: Opened) -> float:
        stamps: list[float] = []
        call = opened.add(SLEEP, HALF_A_MINUTE_NS)
        with later(0.2, kill(opened, number), stamps):
            _note(stamps, call)
        raise AssertionError("the call came back")

    return deed


def _in_copy(opened: Opened) -> float:
    stamps: list[float] = []
    call = opened.copying()
    with later(0.15, kill(opened), stamps):
        while True:
            _note(stamps, call)


def _note(stamps: list[float], call: BoundCall) -> None:
    """Make the call; its error carries the moment of the deed, which is when the clock starts."""
    try:
        call_once(call)
    except CallError as error:
        error.add_note(str(stamps[0]))
        raise


def _calling(a: int, b: int = 0) -> Callable[[Opened], float]:
    def deed(opened: Opened) -> float:
        call = opened.add(a, b)
        call_once(opened.add(4, 5))
        _note([time.monotonic()], call)
        raise AssertionError("the call came back")

    return deed


# Fault -> what is done, and how long the rung's calls may wait.
FAULTS: dict[str, tuple[Callable[[Opened], float], float]] = {
    "killed while idle": (_idle(signal.SIGKILL), LONG_S),
    "killed in a call": (_in_call(signal.SIGKILL), LONG_S),
    "killed while data are copied": (_in_copy, LONG_S),
    "dereferences NULL": (_calling(CRASH), LONG_S),
    "exits in a call": (_calling(EXIT), LONG_S),
    "stopped while idle": (_idle(signal.SIGSTOP), SHORT_S),
    "stopped in a call": (_in_call(signal.SIGSTOP), 2 * SHORT_S),
    "slower than the deadline": (_calling(SLEEP, HALF_A_MINUTE_NS), SHORT_S),
}
ENDED = {
    "killed while idle",
    "killed in a call",
    "killed while data are copied",
    "dereferences NULL",
    "exits in a call",
}


def provoke(fault: str, opened: Opened) -> Row:
    """Do it, and see what the caller gets, that the channel is retired, and that a new rung works."""
    deed, opened.rung.deadline_s = FAULTS[fault]
    began = time.monotonic()
    try:
        deed(opened)
    except CallError as error:
        notes = getattr(error, "__notes__", [])
        seconds = time.monotonic() - (float(notes[0]) if notes else began)
        name = type(error).__name__
    else:
        seconds, name = time.monotonic() - began, "no error"
    return Row(fault, way(opened), name, seconds, _is_retired(opened), _is_usable(opened.reopen(), opened.variant))


def way(opened: Opened) -> str:
    return f"{opened.rung.info.name}.{opened.variant}" if opened.variant else opened.rung.info.name


def _is_retired(opened: Opened) -> bool:
    try:
        call_once(opened.add(1000, 1))
    except ChannelRetired:
        return True
    return False


def _is_usable(rung: FarRung[Any], variant: str) -> bool:
    try:
        return bool(call_once(Opened(rung, variant, lambda: rung).add(1000, 1)) == 1001)
    finally:
        rung.close()


def open_misled(kind: type[FarRung[Any]], artifacts: dict[str, Artifact]) -> FarRung[Any]:
    """Open with artifacts that name another kernel library than the worker has."""
    library = artifacts["library"]
    lie = replace(library, facts={**library.facts, "sha256": "0" * 64})
    rung = kind({**artifacts, "library": lie})
    rung.open()
    return rung


_CLIENT = """
import sys, time
from ffi_spectrum.rungs.table import rung_class
from ffi_spectrum.toolchain.build import Toolchain
kind = rung_class(sys.argv[1])
rung = kind(kind.build(Toolchain()))
rung.open()
print(rung.worker_pid(), flush=True)
time.sleep(600)
"""


def client_of(name: str) -> tuple[subprocess.Popen[bytes], int]:
    """Another program that has this rung open, and its worker's process id."""
    client = subprocess.Popen([sys.executable, "-c", _CLIENT, name], stdout=subprocess.PIPE)
    assert client.stdout is not None
    return client, int(client.stdout.readline())
