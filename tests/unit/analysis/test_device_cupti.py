"""Launch latency by several methods: known spans come back, and what is missing is said."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ffi_spectrum.analysis.device.cupti import (
    CALL,
    CUPTI,
    DRAIN,
    FLAG,
    RETURN,
    STAMPS,
    START,
    SYNCHRONISE,
    TRACED,
    LaunchMethods,
    drain_fit,
    launch_methods,
)
from ffi_spectrum.analysis.device.trials import device_trials
from ffi_spectrum.report.device.cupti import HEADERS, method_sheet
from ffi_spectrum.results.device.cupti import CuptiSample, Drain, SynchronisedLaunches
from ffi_spectrum.results.device.sample import DeviceSample
from ffi_spectrum.results.device.stamps import Pings, Stamps
from ffi_spectrum.results.store import read_results

RECORDED = Path(__file__).parents[3] / "docs" / "results" / "device-h100.jsonl"
# Host = clock + offset, for the device's clock and for CUPTI's.
DEVICE_OFFSET, CUPTI_OFFSET = 5_000, -70_000
ASKED = [100_000 * turn for turn in range(1, 9)]
# What CUPTI sees a kernel start later than the kernel says.
LATER = -150


def stamps(returned: int, started: int, seen: int) -> Stamps:
    """Launches at ASKED, with the same spans each."""
    same = len(ASKED)
    return Stamps(ASKED, [returned] * same, [seen] * same, [at + started - DEVICE_OFFSET for at in ASKED])


def pings(offset: int, trip: int) -> list[Pings]:
    """Rounds before and after, all of the same length."""
    every = [[start + 20_000 * i for i in range(8)] for start in (0, 10_000_000)]
    return [
        Pings(asked, [at + trip for at in asked], [at + trip // 2 - offset for at in asked]) for asked in every
    ]  # fmt: skip


def traced() -> CuptiSample:
    """CUPTI makes the launch 2,000 ns slower, half of it before the kernel is submitted."""

    def by_cupti(span: int) -> list[int]:
        return [at + span - CUPTI_OFFSET for at in ASKED]

    return CuptiSample(
        version="13.0", api_start_ns=by_cupti(300), api_end_ns=by_cupti(6_000), queued_ns=[*by_cupti(4_000)[:-1], None],
        submitted_ns=[None] * len(ASKED), started_ns=by_cupti(9_000 + LATER), ended_ns=by_cupti(11_000),
        stamps=stamps(6_200, 9_000, 10_400), pings=pings(DEVICE_OFFSET, 3_000), clock=pings(CUPTI_OFFSET, 200),
    )  # fmt: skip


def sample(cupti: CuptiSample | None) -> DeviceSample:
    drains = [Drain(launches, [700 + 1_900 * launches] * 3) for launches in (16, 64, 256)]
    waits = SynchronisedLaunches([4_200] * 4, [11_000] * 4)
    own = {"c": stamps(4_200, 7_000, 8_400)}
    return DeviceSample(
        0, 0, own, pings(DEVICE_OFFSET, 3_000), drains=drains, synchronised=waits, cupti=cupti
    )  # fmt: skip


def found(methods: LaunchMethods | None) -> dict[tuple[str, str, str], tuple[float, float | None]]:
    assert methods is not None
    return {(row.method, row.begin, row.end): (row.ns, row.beside) for row in methods.rows}


def test_each_method_gives_the_span_that_was_put_in() -> None:
    rows = found(launch_methods([sample(traced()), sample(None)]))
    assert rows[STAMPS, CALL, START] == pytest.approx((7_000, None))
    assert rows[FLAG, CALL, START] == pytest.approx((6_900, -100))
    assert rows[CUPTI, CALL, START] == pytest.approx((8_700 + LATER, 1_700 + LATER))
    assert rows[TRACED, CALL, START] == pytest.approx((9_000, 2_000))
    assert rows[STAMPS, RETURN, START] == pytest.approx((2_800, None))
    assert rows[CUPTI, RETURN, START] == pytest.approx((3_000 + LATER, 200 + LATER))
    assert rows[TRACED, RETURN, START] == pytest.approx((2_800, 0), abs=1e-6)
    assert rows[CUPTI, "queued", START] == (5_000 + LATER, None)
    assert rows[CUPTI, START, "kernel ends"] == (2_000 - LATER, None)
    assert rows[STAMPS, CALL, "flag seen"] == (8_400, None)
    assert rows[SYNCHRONISE, CALL, "wait over"] == (11_000, None)
    assert rows[DRAIN, "a launch", "the next"] == pytest.approx((1_900, None))
    assert (CUPTI, "submitted", START) not in rows, "CUPTI had no time for it"


def test_the_two_clocks_are_compared_on_the_same_launches() -> None:
    methods = launch_methods([sample(traced())])
    assert methods is not None
    assert methods.apart_ns == pytest.approx(LATER)
    assert methods.cupti_error_ns == 100
    assert methods.clock_error_ns == 1_500
    assert "CUPTI sees the same kernels start 150 ns sooner (its clock within 100 ns)" in method_sheet(methods).title


def test_without_cupti_the_reason_stands_in_the_title_and_the_rest_in_the_table() -> None:
    methods = launch_methods([sample(CuptiSample("cupti-python is not installed"))])
    assert methods is not None
    assert methods.apart_ns is None
    sheet = method_sheet(methods)
    assert sheet.title.endswith("nothing by CUPTI: cupti-python is not installed")
    assert not any(CUPTI in row[0] for row in sheet.rows)
    assert {len(row) for row in sheet.rows} == {len(HEADERS)}


def test_no_stamps_no_methods() -> None:
    assert launch_methods([]) is None
    assert launch_methods([replace(sample(None), stamps={})]) is None


@given(st.floats(100, 10_000), st.floats(0, 50_000))
def test_the_slope_of_a_drain_is_what_a_launch_takes(per_launch: float, fixed: float) -> None:
    counts = (16, 64, 128, 400)
    drains = [Drain(count, [round(fixed + per_launch * count)] * 3) for count in counts]
    outlier = [Drain(64, [10**9])]
    fit = drain_fit([*drains, *outlier])
    assert fit is not None
    assert fit.per_launch_ns == pytest.approx(per_launch, abs=0.02)
    assert fit.fixed_ns == pytest.approx(fixed, abs=3)
    assert fit.r_squared > 0.999


def test_two_numbers_of_launches_show_no_line() -> None:
    assert drain_fit([Drain(16, [1]), Drain(64, [2])]) is None


def test_the_recorded_flag_agrees_with_the_recorded_stamps() -> None:
    """Without the device's clock, and within what the clocks agree: two methods, one latency."""
    methods = device_trials(read_results(RECORDED)).methods
    assert methods is not None
    _, beside = found(methods)[FLAG, CALL, START]
    assert beside is not None
    assert abs(beside) < methods.clock_error_ns
