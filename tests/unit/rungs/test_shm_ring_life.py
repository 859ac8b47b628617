"""The worker and the memory of the native ring, from opening to the last reference."""

from __future__ import annotations

import gc
import os

import pytest

from ffi_spectrum.measure.loop import call_once
from ffi_spectrum.rungs.shm_ring import ShmRing
from ffi_spectrum.toolchain.build import Toolchain

from ..remote.processes import descriptors_of, is_running, waits_until
from .rings import adding, opened

pytestmark = pytest.mark.timeout(120)


def test_the_worker_ends_with_the_last_bound_call() -> None:
    """At once: there is no cycle for the collector."""
    gc.collect()
    gc.disable()
    try:
        rung = ShmRing(ShmRing.build(Toolchain()))
        rung.open()
        pid, bound = rung.worker_pid() or 0, adding(rung, "spin")
        rung.close()
        del rung
        assert call_once(bound) == 42
        assert is_running(pid)
        del bound
        assert waits_until(lambda: not is_running(pid))
    finally:
        gc.enable()


def test_an_array_outlives_its_ring() -> None:
    with opened(ShmRing) as rung:
        view = rung.link.memory.array((1000,), "float64")
        view[...] = 3
        del rung
    gc.collect()
    assert view.sum() == 3000


def test_what_the_worker_holds() -> None:
    """0, 1, 2 and the control socket; the memory is mapped, its descriptor closed."""
    with opened(ShmRing) as rung:
        found = descriptors_of(rung.worker_pid() or 0)
        kinds = [text.partition(":")[0] for fd, text in found.items() if fd > 2]
        assert (found[0], found[1], kinds) == (os.devnull, os.devnull, ["socket"])
