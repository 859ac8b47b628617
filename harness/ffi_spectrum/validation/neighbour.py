"""Busy processes beside the measurement: started here, ended here, and gone too when this process dies."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from ffi_spectrum.errors import WorkerDied
from ffi_spectrum.measure.run import pinned_cpu

LONGEST_S = 600
_END_S = 10.0


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A process on `cpu` (below 0: any) that works for `busy_ms` and rests for `rest_ms`, in turns."""

    cpu: int
    busy_ms: float = 100.0
    rest_ms: float = 0.0


def beside() -> list[Neighbour]:
    """One on every other CPU; and one that takes a time slice of ours ten times a second."""
    *others, own = _cpus()
    return [*(Neighbour(cpu) for cpu in others), Neighbour(own, 5.0, 95.0)]


def everywhere() -> list[Neighbour]:
    """Two on every CPU, ours among them."""
    return [Neighbour(cpu) for cpu in _cpus() for _ in range(2)]


def _cpus() -> list[int]:
    """The CPUs that this process may use, the one measured on last; where none can be chosen, as many times "any"."""
    return sorted(os.sched_getaffinity(0)) if pinned_cpu() >= 0 else [-1] * (os.cpu_count() or 1)


@contextmanager
def at_work(neighbours: Sequence[Neighbour]) -> Iterator[list[int]]:
    """While the context lasts, all neighbours work; gives their process ids. Raises WorkerDied if one does not start.

    Each holds one end of a pipe and ends when the other end closes, which the system does however this process dies.
    """
    with ExitStack() as stack:
        yield [stack.enter_context(_working(neighbour)) for neighbour in neighbours]


@contextmanager
def _working(neighbour: Neighbour) -> Iterator[int]:
    script = Path(__file__).with_name("busy.py")
    figures = (neighbour.cpu, neighbour.busy_ms, neighbour.rest_ms, LONGEST_S)
    command = [sys.executable, "-S", "-E", str(script), *map(str, figures)]
    # a group of its own: Ctrl-C is for us to hear, and the pipe's end tells the neighbour
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, process_group=0) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            if process.stdout.read(1) != b"!":
                raise WorkerDied("a busy neighbour did not start")
            yield process.pid
        finally:
            process.stdin.close()
            try:
                process.wait(_END_S)
            except subprocess.TimeoutExpired:
                process.kill()
