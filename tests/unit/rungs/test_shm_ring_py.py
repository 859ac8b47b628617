"""What only the pure Python client of the ring promises: no native code of ours, and a processor that keeps order."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from ffi_spectrum.errors import BadArgument, Unavailable
from ffi_spectrum.kernels.table import KERNELS
from ffi_spectrum.kernels.workload import make_workload
from ffi_spectrum.measure.loop import compile_block
from ffi_spectrum.remote import frame
from ffi_spectrum.rungs.shm_ring_py import ShmRingPy
from ffi_spectrum.toolchain.build import Toolchain

from ..remote.processes import descriptors_of
from .rings import add, adding, opened

pytestmark = pytest.mark.timeout(120)

TREE = Path(__file__).parents[3]


@pytest.fixture
def rung() -> Iterator[ShmRingPy]:
    with opened(ShmRingPy) as found:
        assert isinstance(found, ShmRingPy)
        yield found


@pytest.mark.parametrize("machine", ["aarch64", "riscv64"])
def test_other_processors(machine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Their stores may become visible in another order, and Python has no barrier."""
    monkeypatch.setattr(platform, "machine", lambda: machine)
    with pytest.raises(Unavailable, match=f"{machine}.*shm_ring"):
        ShmRingPy.build(Toolchain())


def test_what_the_worker_holds(rung: ShmRingPy) -> None:
    """0, 1, 2, the control socket and two eventfds; the memory is mapped, its descriptor closed."""
    found = descriptors_of(rung.worker_pid() or 0)
    kinds = sorted(text.partition(":")[0].split("[")[0] for fd, text in found.items() if fd > 2)
    assert (found[0], found[1], kinds) == (os.devnull, os.devnull, ["anon_inode", "anon_inode", "socket"])


def test_from_one_way_of_waiting_to_the_other(rung: ShmRingPy) -> None:
    """A worker that sleeps is woken before it is counted on to spin; whatever rang before does no harm."""
    for i in range(300):
        assert add(rung, ("spin", "eventfd")[i % 2], i, 1) == i + 1
        bound = adding(rung, ("spin", "eventfd")[i // 2 % 2], i, 2)
        assert eval(bound.call, dict(bound.names)) == i + 2  # parked


@pytest.mark.parametrize("variant", ["spin", "eventfd"])
def test_what_the_worker_refuses(rung: ShmRingPy, variant: str) -> None:
    """The channel stays usable."""
    for op, error in ((99, "BAD_OP"), (frame.FAULT, "UNSUPPORTED")):
        with pytest.raises(Exception, match=error):
            rung.link.channel.request(frame.Header(op))
    assert add(rung, variant) == 42


@pytest.mark.parametrize("size", [0, 2**16])
def test_arrays_that_are_not_shared(rung: ShmRingPy, size: int) -> None:
    workload = make_workload(KERNELS["relu"], size)
    bound = rung.bind(rung.place(workload, "shared"), "fresh", "spin")
    for name in ("x", "out"):
        with pytest.raises(BadArgument, match="place it there"):
            eval(bound.call, {**bound.names, name: np.zeros(size, np.float32)})
    eval(bound.call, dict(bound.names))


def test_parts_need_no_worker(rung: ShmRingPy) -> None:
    host = rung.place(make_workload(KERNELS["relu"], 7), "host")
    shared = rung.place(make_workload(KERNELS["relu"], 7), "shared")
    found = [rung.parts(host, "prebound"), rung.parts(host, "fresh"), rung.parts(shared, "fresh")]
    rung.link.worker.kill()
    assert [sorted(parts) for parts in found] == [["copy", "serialise"]] * 2 + [["serialise"]]
    for parts in found:
        for part in parts.values():
            compile_block(part)(10)
