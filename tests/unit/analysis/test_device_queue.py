"""The launch queue: a host and a device of known pace run dry and fill up where they must."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ffi_spectrum.analysis.device.queue import Idle, dry_below, first_wait, idle_at, queue_points
from ffi_spectrum.results.device.queue import Fill, QueueSample, Rows
from ffi_spectrum.results.device.sample import DeviceSample

LENGTHS = (700, 1_000, 2_000, 3_000, 4_000, 5_000, 6_000, 8_000, 10_000, 12_000, 16_000, 24_000)
LAUNCHES, WIDTH = 128, 32


def rows(length: int, host: int, gap: int) -> Rows:
    """The device starts a kernel when it was launched and the one before it is over."""
    period = max(host, length + gap)
    span = period * (LAUNCHES - 1) + length
    return Rows(length, LAUNCHES, [host * LAUNCHES] * 2, [length * LAUNCHES] * 2, [span] * 2)


def sample(host: int, gap: int, fill: Fill | None = None) -> DeviceSample:
    queue = QueueSample(
        {"p": [rows(length, host, gap) for length in LENGTHS]}, [rows(length, 0, gap) for length in LENGTHS],
        {"p": fill} if fill else {}, wrong=1,
    )  # fmt: skip
    return DeviceSample(0, 0, queue=queue)


@given(st.integers(3_000, 20_000), st.integers(800, 2_000))
def test_the_queue_is_dry_below_the_difference_of_the_paces(host: int, gap: int) -> None:
    (point,) = queue_points([sample(host, gap)] * 3).dry
    assert point.host_ns == host
    assert point.gap_ns == pytest.approx(gap)
    assert point.expected_ns == pytest.approx(host - gap)
    assert point.found_ns is not None
    barely = host - gap - 0.05 * host  # so close to it, idling may count no longer
    low = max(length for length in LENGTHS if length <= max(barely, LENGTHS[0]))
    high = min(length for length in LENGTHS if length >= host - gap)
    assert low <= point.found_ns <= high


def test_a_host_that_is_slower_than_every_kernel_leaves_the_queue_dry() -> None:
    (point,) = queue_points([sample(40_000, 1_000)]).dry
    assert point.found_ns is None


def test_dry_point_between_two_lengths() -> None:
    idle = [Idle(1_000, 0.5, 0.1), Idle(2_000, 0.13, 0.1), Idle(4_000, 0.09, 0.1)]
    assert dry_below(idle) == pytest.approx(2_000 + 2_000 * (0.03 - 0.01) / (0.03 + 0.01))
    assert dry_below(idle[2:]) == 4_000
    assert dry_below([]) is None


def test_idle_shares_are_those_of_the_nearest_length() -> None:
    (point,) = queue_points([sample(5_000, 1_000)]).dry
    found = idle_at(point, (1_000, 2_000, 24_000, 100_000))
    assert found[2_000] == pytest.approx(0.6, abs=0.01)
    assert found[24_000] == pytest.approx(1 / 25, abs=0.001)
    assert found[100_000] is None


def fill(full_at: int | None) -> Fill:
    """4 us a launch; the one behind the full queue waits for 15 ms, and the further ones for the device."""
    spent = [4_000] * 2_048
    if full_at is not None:
        spent[full_at:] = [2_000] * (2_048 - full_at)
        spent[full_at] = 15_000_000
    bins = [sum(spent[start : start + WIDTH]) for start in range(0, len(spent), WIDTH)]
    slowest = sorted(range(len(spent)), key=lambda place: spent[place])[-4:]
    return Fill(20_000_000, WIDTH, bins, [(place, spent[place]) for place in sorted(slowest)])


def test_the_queue_is_full_where_a_launch_had_to_wait() -> None:
    (point,) = queue_points([sample(4_000, 1_000, fill(1_023))] * 2 + [sample(4_000, 1_000, fill(None))]).full
    assert (point.processes, point.seen, point.launches) == (3, 2, 1_023)
    assert (point.waited_ns, point.early_ns, point.late_ns, point.beyond_ns) == (15_000_000, 4_000, 4_000, 2_000)


def test_a_queue_that_never_was_full_says_so() -> None:
    assert first_wait(fill(None)) is None
    (point,) = queue_points([sample(4_000, 1_000, fill(None))]).full
    assert (point.seen, point.launches, point.waited_ns, point.late_ns, point.beyond_ns) == (0, None, None, None, None)


def test_kernels_that_did_not_run_are_counted() -> None:
    assert queue_points([sample(4_000, 1_000)] * 3).wrong == 3
    assert queue_points([DeviceSample(0, 0)]).dry == ()
