"""10^6 calls of every rung, refused calls among them, leave reference counts and memory as they were.

Rungs whose far side is another process make fewer, and that process is looked at as well.
"""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import psutil
import pytest

from ffi_spectrum.kernels.spec import KernelSpec
from ffi_spectrum.kernels.table import KERNELS
from ffi_spectrum.kernels.workload import Workload, check_outputs, make_workload
from ffi_spectrum.measure.compiled import Block
from ffi_spectrum.measure.loop import call_once, compile_block, outputs_of
from ffi_spectrum.rungs.base import BoundCall, Rung
from ffi_spectrum.toolchain.target import GUEST_MEMORY_NBYTES

from .agreement import bind
from .cells import CLASSES, ways
from .opened import OpenRungs
from .raw_calls import REFUSALS, miscounted_call

CALLS = 1_000_000
# To another process a call takes up to a thousand times longer: a leak shows in the allocator's blocks, and over there.
REMOTE_CALLS = 20_000
REFUSED_EACH = 100
# One call in so many hands over buffers, in every form and placement; the others are the rung's cheapest. An
# interpreter's calls take a thousand times longer, so it makes fewer of them: the number of all calls stays.
BUFFERS_EACH, BUFFERS_EACH_IF_SLOW, SLOW_NS = 20, 500, 20_000
SIZE = 7
# A leaked Python object is one block of CPython's allocator; its caches (free lists, say) hold far fewer than this.
BLOCKS_ALLOWED = 500
# 10^6 leaked objects of 32 bytes, CPython's smallest but one, are 30 MiB, and 10,000 leaked pages (one for each refused
# call, say) 40 MiB; what an allocator keeps after a peak (CPython's arena: 1 MiB) is well below the limit.
RSS_ALLOWED_NBYTES = 8 * 2**20
# 20,000 objects of 64 bytes, what the smallest leaks of an interpreter or of malloc take, are 1.2 MiB.
WORKER_RSS_ALLOWED_NBYTES = 2**20

Refuse = Callable[[], Any]


def is_shared(value: object) -> bool:
    """True for what the whole interpreter shares, so that its count says nothing: small integers and None."""
    return value is None or (isinstance(value, int) and -5 <= value <= 256)


def kernels_of(rung: Rung, is_scalar: bool) -> list[KernelSpec]:
    return [k for k in KERNELS.values() if k.is_scalar is is_scalar and not rung.missing(k, SIZE)]


def bound_calls(rung: Rung, kernels: list[KernelSpec]) -> list[BoundCall]:
    """The calls of `kernels` in every way, bound."""
    found = []
    for kernel in kernels:
        for way in ways(rung.info.name, kernel):
            buffers = rung.place(make_workload(kernel, SIZE), way.placement)
            found.append(bind(rung, buffers, way))
    return found


def refused_by_harness(rung: Rung, kernel: KernelSpec) -> Refuse:
    """A call that the harness refuses, as `rung` itself checks nothing."""
    right = make_workload(kernel, SIZE)
    bad = Workload(kernel, SIZE, right.dims, {**right.values, "extra": 0})
    placement = next(ways(rung.info.name, kernel)).placement
    return lambda: rung.place(bad, placement)


def refused_by_rung(bound: BoundCall) -> Refuse:
    """A call that the rung refuses itself: compiled once, called with one argument too few."""
    bad = next(call for _, call in miscounted_call(bound))
    block = compile_block(replace(bad, before=bound.before, after=bound.after))
    return lambda: block(1)


def refusal(rung: Rung) -> Refuse:
    """What is refused each 100 calls."""
    kernels = kernels_of(rung, False) or kernels_of(rung, True)
    if "count" not in rung.info.checks:
        return refused_by_harness(rung, kernels[0])
    way = list(ways(rung.info.name, kernels[0]))[-1]
    buffers = rung.place(make_workload(kernels[0], SIZE), way.placement)
    return refused_by_rung(bind(rung, buffers, way))


def cheapest(rung: Rung) -> BoundCall:
    """The call that most of the 10^6 make: a scalar kernel's if the rung has one."""
    return bound_calls(rung, kernels_of(rung, True)[:2] or kernels_of(rung, False)[:1])[-1]


def make_calls(blocks: list[Block], cheap: Block, refuse: Refuse, calls: int) -> None:
    """`calls` calls in all, of the three kinds."""
    rounds = 10
    is_slow = sum(block(1) for block in blocks) > SLOW_NS * len(blocks)
    per_block = calls // (BUFFERS_EACH_IF_SLOW if is_slow else BUFFERS_EACH) // len(blocks) // rounds
    refused = calls // REFUSED_EACH // rounds
    rest = calls // rounds - refused - per_block * len(blocks)
    for _ in range(rounds):
        for block in blocks:
            block(per_block)
        for _ in range(refused):
            try:
                refuse()
            except REFUSALS:  # BadArgument is one of them
                continue
            pytest.fail("the bad call was not refused")
        cheap(rest)


@dataclass(frozen=True, slots=True)
class Growth:
    """What a million calls added: references to the arguments, blocks of CPython's allocator, resident bytes."""

    references: list[int]
    blocks: int
    rss_nbytes: int
    worker_rss_nbytes: int = 0

    @property
    def is_flat(self) -> bool:
        is_small = self.blocks < BLOCKS_ALLOWED and self.rss_nbytes < RSS_ALLOWED_NBYTES
        return is_small and self.worker_rss_nbytes < WORKER_RSS_ALLOWED_NBYTES and not any(self.references)


def growth(
    bounds: list[BoundCall], cheap: BoundCall, refuse: Refuse, calls: int = CALLS, worker: int | None = None
) -> Growth:
    """Make `calls` calls, after some that fill caches and free lists, and say what they left behind."""
    blocks, block = [compile_block(bound) for bound in bounds], compile_block(cheap)
    arguments = [value for bound in bounds for value in bound.names.values() if not is_shared(value)]
    make_calls(blocks, block, refuse, calls // 20)
    process, far = psutil.Process(), psutil.Process(worker) if worker else None
    gc.collect()
    counts = [sys.getrefcount(value) for value in arguments]
    far_before = far.memory_info().rss if far else 0
    before, blocks_before = process.memory_info().rss, sys.getallocatedblocks()
    make_calls(blocks, block, refuse, calls)
    gc.collect()
    blocks_after, after = sys.getallocatedblocks(), process.memory_info().rss
    counts_after = [sys.getrefcount(value) for value in arguments]  # before any zip, which holds a reference itself
    references = [right - left for left, right in zip(counts, counts_after, strict=True)]
    far_after = far.memory_info().rss if far else 0
    return Growth(references, blocks_after - blocks_before, after - before, far_after - far_before)


@pytest.mark.parametrize("name", CLASSES)
def test_a_million_calls_leak_nothing(name: str, rungs: OpenRungs) -> None:
    rung = rungs.get(name)
    calls, worker = (REMOTE_CALLS if rung.worker_pid() else CALLS), rung.worker_pid()
    found = growth(bound_calls(rung, kernels_of(rung, False)), cheapest(rung), refusal(rung), calls, worker)
    assert found.is_flat, found


@pytest.mark.parametrize("name", CLASSES)
def test_placing_again_and_again(name: str, rungs: OpenRungs) -> None:
    """Buffers that nobody holds any more are given back: these would fill the guest's memory (64 MiB) twice over."""
    rung = rungs.get(name)
    kernel = max(kernels_of(rung, False), key=lambda kernel: kernel.nbytes(kernel.dims(SIZE)))
    size = next(size for size in (4096, 1023, 100, SIZE) if not rung.missing(kernel, size))
    workload = make_workload(kernel, size)
    times = 2 * GUEST_MEMORY_NBYTES // kernel.nbytes(kernel.dims(4096))
    for way in ways(name, kernel):
        rung.place(workload, way.placement)
        gc.collect()
        before = psutil.Process().memory_info().rss
        for _ in range(times):
            buffers = rung.place(workload, way.placement)
            bound = bind(rung, buffers, way)
        assert check_outputs(workload, outputs_of(rung, buffers, bound, call_once(bound))) == ""
        gc.collect()
        assert psutil.Process().memory_info().rss - before < RSS_ALLOWED_NBYTES


class Leaky:
    """Keeps something at each call, or at each refused call only."""

    def __init__(self) -> None:
        self.kept: list[object] = []

    def keep(self, value: object) -> None:
        self.kept.append(value)

    def refuse(self) -> None:
        self.kept.append(bytes(4096))
        raise TypeError


def test_a_kept_argument_is_noticed() -> None:
    leaky, argument = Leaky(), object()
    leaking = BoundCall("keep(argument)", {"keep": leaky.keep, "argument": argument})
    found = growth([leaking], BoundCall("abs(1)", {}), refused_by_rung(BoundCall("abs(1)", {})))
    assert any(found.references)
    assert not found.is_flat


def test_memory_kept_by_refused_calls_is_noticed() -> None:
    found = growth([BoundCall("abs(1)", {})], BoundCall("abs(1)", {}), Leaky().refuse)
    assert found.rss_nbytes > RSS_ALLOWED_NBYTES
    assert not found.is_flat


# Answers each byte, and keeps 64 bytes for it.
LEAKY_WORKER = """
import os
kept = []
while os.read(0, 1):
    kept.append(bytearray(8))  # 56 bytes of an object, and what it holds
    os.write(1, b".")
"""


def test_memory_kept_by_a_worker_is_noticed() -> None:
    worker = subprocess.Popen([sys.executable, "-c", LEAKY_WORKER], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    with worker:
        assert worker.stdin is not None
        assert worker.stdout is not None
        names = {"write": os.write, "read": os.read, "to": worker.stdin.fileno(), "of": worker.stdout.fileno()}
        call = BoundCall("read(of, write(to, b'.'))", names)
        refuse = refused_by_rung(BoundCall("abs(1)", {}))
        found = growth([call], call, refuse, REMOTE_CALLS, worker.pid)
        worker.stdin.close()
        worker.wait(timeout=10)
    assert found.worker_rss_nbytes > WORKER_RSS_ALLOWED_NBYTES
    assert not replace(found, references=[], rss_nbytes=0, blocks=0).is_flat
