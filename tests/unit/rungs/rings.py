"""Both clients of the ring, opened for tests, in every way in which they wait."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ffi_spectrum.kernels.table import KERNELS
from ffi_spectrum.kernels.workload import Workload
from ffi_spectrum.measure.loop import call_once
from ffi_spectrum.rungs.base import BoundCall
from ffi_spectrum.rungs.far_rung import FarRung
from ffi_spectrum.rungs.ring import WAITING
from ffi_spectrum.rungs.ring_client import connect
from ffi_spectrum.rungs.shm_ring import Ring, ShmRing
from ffi_spectrum.rungs.shm_ring_py import ShmRingPy
from ffi_spectrum.toolchain.build import Toolchain
from ffi_spectrum.toolchain.extension import load_extension

from .opened import with_worker

RINGS: dict[str, type[FarRung[Any]]] = {"shm_ring": ShmRing, "shm_ring_py": ShmRingPy}
WAYS = [("shm_ring", variant) for variant in WAITING] + [("shm_ring_py", "spin"), ("shm_ring_py", "eventfd")]
SPINS = ("spin", "hybrid")


class LateShmRing(ShmRing):
    """Its first request is the last but 199 before the numbers wrap."""

    def _connect(self) -> Ring:
        return Ring(load_extension("_ffis_ring", self.artifacts["extension"]), self.artifacts, 10.0, 2**32 - 200)


class LateShmRingPy(ShmRingPy):
    """The same, in Python."""

    def _connect(self) -> Any:
        return connect(self.artifacts, 10.0, 2**32 - 200)


LATE: dict[str, type[FarRung[Any]]] = {"shm_ring": LateShmRing, "shm_ring_py": LateShmRingPy}


@contextmanager
def opened(kind: type[FarRung[Any]], deadline_s: float = 10.0) -> Iterator[FarRung[Any]]:
    """The rung, open; its worker is ended in any case."""
    rung = kind(kind.build(Toolchain()))
    rung.deadline_s = deadline_s
    with with_worker(rung):
        yield rung


def adding(rung: FarRung[Any], variant: str, a: int = 40, b: int = 2, window: int = 0) -> BoundCall:
    """a + b, in a call of its own or pipelined, with the worker wherever it is."""
    buffers = rung.place(Workload(KERNELS["add"], 0, {}, {"a": a, "b": b}), "none")
    if window:
        return rung.bind(buffers, "prebound", variant, "pipelined", (("cores", 2), ("window", window)))
    return rung.bind(buffers, "prebound", variant)


def endless(rung: FarRung[Any], variant: str) -> BoundCall:
    """A call that would take minutes."""
    buffers = rung.place(Workload(KERNELS["spin"], 0, {"steps": 1000}, {"seed": 1}), "none")
    bound = rung.far_side(buffers, variant)
    assert bound is not None
    names = {**bound.names, "times": 10**9}
    return BoundCall(bound.call, names, owner=bound.owner, setup=bound.setup, teardown=bound.teardown)


def add(rung: FarRung[Any], variant: str, a: int = 40, b: int = 2) -> Any:
    return call_once(adding(rung, variant, a, b))
