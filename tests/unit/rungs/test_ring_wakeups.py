"""A client that sleeps is woken by every answer, also when it took in several before and published nothing since."""

from __future__ import annotations

from typing import Any

import pytest

from ffi_spectrum.kernels.table import KERNELS
from ffi_spectrum.kernels.workload import make_workload
from ffi_spectrum.measure.loop import compile_block
from ffi_spectrum.rungs.shm_ring_py import ShmRingPy

from .rings import opened


class Watched:
    """A poll object that notes how often nothing came within the time."""

    def __init__(self, poller: Any) -> None:
        self._poller = poller
        self.empty = 0

    def poll(self, timeout_ms: float) -> Any:
        found = self._poller.poll(timeout_ms)
        self.empty += not found
        return found


@pytest.mark.timeout(60)
def test_no_answer_is_waited_for_to_the_end_of_a_slice() -> None:
    with opened(ShmRingPy) as rung:
        buffers = rung.place(make_workload(KERNELS["spin"], 300_000), "none")  # a millisecond or more each
        params = (("cores", 2), ("window", 8))
        block = compile_block(rung.bind(buffers, "prebound", "eventfd", "pipelined", params))
        channel = rung.link.channel
        watched = Watched(channel._answered)
        channel._answered = watched
        for _ in range(5):
            block(8)
    assert watched.empty < 3  # each of the 40 answers was lost before, but the first of a block
