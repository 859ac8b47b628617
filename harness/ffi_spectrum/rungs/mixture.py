"""A shuffled list of calls of two scalar kernels: a recorded list as it is where nobody has sorted it."""

from __future__ import annotations

import random
from collections.abc import Sequence

from ffi_spectrum.case import Case, Params
from ffi_spectrum.kernels.table import KERNELS
from ffi_spectrum.kernels.workload import Workload

# Half of the calls are of the one kernel and half of the other; the list belongs to the first.
MIXED, BESIDE = "add", "noop"
# A list is run by the library, by the guest or by the worker, whichever rung crosses to it: one of each is enough.
RUNGS = ("ctypes", "wasmtime_fast", "shm_ring")


def mixed_params(way: Case, calls: Sequence[int]) -> list[Params]:
    """The longest of the lists once more, shuffled: as the recording groups it, and in the order in which it is."""
    if way.strategy != "replayed" or way.kernel != MIXED or way.rung not in RUNGS or not calls:
        return []
    longest = max(calls)
    return [(("calls", longest), ("mixed", 1)), (("calls", longest), ("mixed", 1), ("ordered", 1))]


def mixed_calls(calls: int, seed: int = 1) -> list[tuple[Workload, int | None]]:
    """So many calls in random order, each with what it must return, as Python's own integers say."""
    rng = random.Random(seed)
    numbers = [(rng.randrange(-(2**40), 2**40), rng.randrange(-(2**40), 2**40)) for _ in range(calls // 2)]
    nothing = Workload(KERNELS[BESIDE], 0, {}, {})
    found: list[tuple[Workload, int | None]] = [(nothing, None)] * (calls - len(numbers))
    found += [(Workload(KERNELS[MIXED], 0, {}, {"a": a, "b": b}), a + b) for a, b in numbers]
    rng.shuffle(found)
    return found
