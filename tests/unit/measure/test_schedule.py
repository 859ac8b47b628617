"""Orders of measurement are Latin squares, balanced for the neighbour."""

from __future__ import annotations

import random
from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ffi_spectrum.measure.schedule import latin_rounds


@given(count=st.integers(1, 40), rounds=st.integers(0, 90), seed=st.integers(0, 2**32))
def test_every_round_has_every_item_once(count: int, rounds: int, seed: int) -> None:
    orders = latin_rounds(count, rounds, random.Random(seed))
    assert len(orders) == rounds
    assert all(sorted(order) == list(range(count)) for order in orders)


@given(count=st.integers(1, 40), seed=st.integers(0, 2**32))
def test_every_item_stands_once_in_every_position(count: int, seed: int) -> None:
    orders = latin_rounds(count, count, random.Random(seed))
    assert all(sorted(column) == list(range(count)) for column in zip(*orders, strict=True))


@pytest.mark.parametrize("count", [2, 4, 8, 50])
def test_an_even_square_puts_every_item_behind_every_other_once(count: int) -> None:
    orders = latin_rounds(count, count, random.Random(1))
    pairs = Counter(pair for order in orders for pair in pairwise(order))
    assert len(pairs) == count * (count - 1)
    assert set(pairs.values()) == {1}


def test_the_seed_decides_the_order() -> None:
    assert latin_rounds(9, 20, random.Random(5)) == latin_rounds(9, 20, random.Random(5))
    assert latin_rounds(9, 20, random.Random(5)) != latin_rounds(9, 20, random.Random(6))
