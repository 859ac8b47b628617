"""In which order the items of a round are measured."""

from __future__ import annotations

import random


def latin_rounds(count: int, rounds: int, rng: random.Random) -> list[list[int]]:
    """`rounds` orders of `count` items, from randomly relabelled Williams squares.

    Within each run of `count` rounds every item stands once in every position, and (for an even count) behind every
    other item once, so that no case always inherits the caches of the same neighbour (Williams 1949).
    """
    orders: list[list[int]] = []
    while len(orders) < rounds:
        labels = rng.sample(range(count), count)
        square = [[labels[(step + shift) % count] for step in _zigzag(count)] for shift in range(count)]
        rng.shuffle(square)
        orders += square
    return orders[:rounds]


def _zigzag(count: int) -> list[int]:
    """0, 1, count - 1, 2, count - 2, ...: neighbouring differences are all distinct for an even count."""
    return [(i + 1) // 2 if i % 2 else (count - i // 2) % count for i in range(count)]
