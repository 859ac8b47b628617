"""Calibrating and timing blocks; raw times only."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field

from ffi_spectrum.measure.loop import Block
from ffi_spectrum.measure.schedule import latin_rounds
from ffi_spectrum.results.record import Series

# A far-side block holds at least this many calls more than one, or its work and its one crossing look alike.
MIN_FAR_ITERATIONS = 3
# A case slower than a block gets one call per block, and fewer blocks: but never fewer than these per process.
MIN_BLOCKS = 3
MAX_ITERATIONS = 10_000_000


@dataclass(slots=True)
class Item:
    """Something that is timed in every `every`-th round; `index` is the case to blame if the process dies in it.

    Each block of a far side holds one crossing, which its iterations do not multiply.
    """

    block: Block
    index: int
    is_far: bool = False
    iterations: int = 1
    every: int = 1
    rounds: list[int] = field(default_factory=list)
    elapsed_ns: list[int] = field(default_factory=list)

    def series(self) -> Series:
        return Series(self.iterations, self.rounds, self.elapsed_ns)


def calibrate(item: Item, block_ns: int, rounds: int) -> None:
    """Warm the item up, then choose how many calls fill a block of about `block_ns`.

    The first call is thrown away: it loads, specialises and faults in what later calls find ready.
    """
    least = MIN_FAR_ITERATIONS if item.is_far else 1
    item.block(least)
    fixed_ns = item.block(1) if item.is_far else 0
    count = least
    elapsed_ns = item.block(count)
    while elapsed_ns - fixed_ns < block_ns / 2 and count < MAX_ITERATIONS:
        growth = block_ns / max(elapsed_ns - fixed_ns, 1)
        count = int(count * min(max(growth, 1.5), 50)) + 1
        elapsed_ns = item.block(count)
    item.iterations = max(least, round(count * block_ns / max(elapsed_ns - fixed_ns, 1)))
    if elapsed_ns > 2 * block_ns:
        most = max(rounds // MIN_BLOCKS, 1)
        item.every = min(most, max(1, round(elapsed_ns / block_ns / 2)))


def time_rounds(items: list[Item], rounds: int, rng: random.Random, mark: Callable[[int], None]) -> None:
    """Time every item in every round that is its own, in Latin-square order, and store the raw times."""
    for number, order in enumerate(latin_rounds(len(items), rounds, rng)):
        for position in order:
            item = items[position]
            if number % item.every:
                continue
            mark(item.index)
            item.elapsed_ns.append(item.block(item.iterations))
            item.rounds.append(number)
