"""Scaling is paired within a process, lateness pooled over them, and both make one word."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ffi_spectrum.analysis.interval import Interval
from ffi_spectrum.analysis.threads import estimate_threads, verdict_of
from ffi_spectrum.results.threads import ThreadsRecord, Throughput, Waits

from ..threads_records import ABSENT, CALL_NS, record, some_records

CONTROL = "floor.dlsym"


def gain(value: float) -> dict[int, Interval]:
    return {2: Interval(value, value, value)}


def test_every_way_has_an_estimate_and_an_absent_one_its_reason() -> None:
    found = {one.way: one for one in estimate_threads(some_records(), CONTROL)}
    assert list(found) == [CONTROL, "cext", "cext_nogil", "python", "grpc.unary"]
    assert {way: one.verdict for way, one in found.items()} == {
        CONTROL: "scales", "cext": "stalls", "cext_nogil": "scales", "python": "takes turns", "grpc.unary": None,
    }  # fmt: skip
    assert found["cext"].processes == 6
    assert (found["grpc.unary"].status, found["grpc.unary"].reason) == ("unavailable", ABSENT.reason)


def test_scaling_is_the_median_of_ratios_within_processes() -> None:
    """Processes of different speed: only the ratio within each counts."""
    records: list[ThreadsRecord] = []
    for process, (speed, ratio) in enumerate([(1, 1.5), (3, 1.8), (10, 1.6), (2, 1.7), (5, 1.9), (7, 1.4)]):
        alone = Throughput(1, [100], [1_000_000 * speed])
        two = Throughput(2, [50, 100], [round(1_500_000 / ratio * speed)] * 2)
        records.append(replace(record("cext", process, 1, 1), throughputs=[two, alone]))
    (found,) = estimate_threads(records, CONTROL)
    assert found.scaling is not None
    assert found.scaling[2].point == pytest.approx(1.65, rel=1e-5)
    assert (found.scaling[2].low, found.scaling[2].high) == pytest.approx((1.4, 1.9), rel=1e-5)


def test_threads_that_end_at_different_times_count_by_their_own_time() -> None:
    assert Throughput(2, [10, 20], [100, 400]).calls_per_ns == pytest.approx(0.15)


def test_all_counts_of_threads_are_estimated() -> None:
    (found,) = estimate_threads([record("cext_nogil", 0, 1.9, 0.1, counts=(1, 2, 8))], CONTROL)
    assert list(found.scaling or {}) == [2, 8]


def test_lateness_is_by_nearest_rank_over_all_processes() -> None:
    def late(values: list[int]) -> ThreadsRecord:
        one = record("cext", 0, 1, 1)
        return replace(one, waits={**one.waits, "thread": Waits(1, 1, values)})

    (found,) = estimate_threads([late(list(range(1, 101))), late(list(range(101, 201)))], CONTROL)
    assert found.lateness is not None
    assert found.lateness["thread"] == type(found.lateness["thread"])(100, 198, 200, 200)
    (found,) = estimate_threads([late(list(range(1, 100)))], CONTROL)
    assert found.lateness is not None
    assert (found.lateness["thread"].p50, found.lateness["thread"].p99) == (50, None)  # too few wake-ups


@pytest.mark.parametrize(
    ("two", "ceiling", "late_ms", "word"),
    [
        (1.95, 1.95, 0.1, "scales"),
        (1.30, 1.40, 0.1, "scales"),  # two threads of one core
        (1.10, 1.95, 0.1, "takes turns"),
        (1.00, 1.95, 5.0, "takes turns"),  # Python gives way after the switch interval
        (1.00, 1.95, 8.9, "stalls"),
        (1.95, 1.95, 8.9, "stalls"),
        (1.02, 1.00, 0.1, "takes turns"),  # one CPU: nothing scales
        (1.004, 1.006, 0.1, "takes turns"),  # nor does noise
    ],
)
def test_the_verdict(two: float, ceiling: float, late_ms: float, word: str) -> None:
    assert verdict_of(gain(two), gain(ceiling), late_ms * 1e6, CALL_NS) == word


def test_without_the_control_twice_as_much_is_possible() -> None:
    assert verdict_of(gain(1.5), {}, 0, CALL_NS) == "scales"
    assert verdict_of(gain(1.49), {}, 0, CALL_NS) == "takes turns"


def test_json_has_points_and_intervals() -> None:
    row = estimate_threads(some_records(), CONTROL)[1].to_json()
    assert row["way"] == "cext"
    assert [round(value, 3) for value in row["scaling"]["2"]] == [1.025, 1.0, 1.05]
    assert row["lateness"]["thread"] == {"p50_ns": 9e6, "p99_ns": 9e6, "max_ns": 9e6, "count": 300}


def test_disturbed_processes_are_left_out_by_what_others_did() -> None:
    """What a process measured decides nothing: a quiet one with an odd figure stays."""
    quiet = [record("cext_nogil", n, gain, 0.1) for n, gain in enumerate((1.9, 1.9, 1.2))]
    busy = [record("cext_nogil", 3 + n, 1.0, 3.0, others_cpus=0.4) for n in range(3)]
    (found,) = estimate_threads([*quiet, *busy], CONTROL)
    assert (found.processes, found.disturbed, found.verdict) == (3, 3, "scales")
    assert found.scaling is not None
    assert (found.scaling[2].point, found.scaling[2].low) == pytest.approx((1.9, 1.2))
    assert found.lateness is not None
    assert found.lateness["thread"].max == pytest.approx(0.1e6)


def test_where_most_are_disturbed_all_count_and_only_a_stall_is_told() -> None:
    for way, late, word in (("cext", 9.0, "stalls"), ("cext_nogil", 0.1, "unresolved"), ("python", 5.1, "unresolved")):
        records = [record(way, n, 1.2, late, others_cpus=0.05 if n == 0 else 0.9) for n in range(3)]
        (found,) = estimate_threads(records, CONTROL)
        assert (found.processes, found.disturbed, found.verdict) == (3, 2, word)
