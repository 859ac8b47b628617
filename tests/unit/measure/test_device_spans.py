"""What is made of the words that kernels write, and of single launches' times."""

from __future__ import annotations

import numpy as np
import pytest

from ffi_spectrum.measure.device.durations import has_dependent_launch
from ffi_spectrum.measure.device.queue import FILL_WIDTH, fill_of
from ffi_spectrum.measure.device.spans import overlaps


def test_kernels_that_began_too_early_or_never_ran_are_counted() -> None:
    in_order = np.array([[10, 20], [20, 30], [35, 40]], np.uint64)
    assert overlaps(in_order, 3) == 0
    assert overlaps(in_order, 5) == 2
    early = np.array([[10, 20], [19, 30], [29, 40]], np.uint64)
    assert overlaps(early, 3) == 2


def test_bins_are_sums_and_the_slowest_launches_are_named_in_order() -> None:
    spent = [3] * (2 * FILL_WIDTH)
    spent[5], spent[40], spent[50], spent[60], spent[2] = 900, 800, 700, 600, 500
    fill = fill_of(spent)
    assert sum(fill.bins_ns) == sum(spent)
    assert len(fill.bins_ns) == 2
    assert fill.slowest == [(5, 900), (40, 800), (50, 700), (60, 600)]


@pytest.mark.parametrize(("target", "has"), [("sm_75", False), ("sm_89", False), ("sm_90", True), ("sm_100", True)])
def test_dependent_launches_begin_with_hopper(target: str, has: bool) -> None:
    assert has_dependent_launch(target) == has
