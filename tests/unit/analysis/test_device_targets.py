"""Figures of the device's targets: known ratios and spreads come back, and what is missing has no figure."""

from __future__ import annotations

from pathlib import Path
from statistics import stdev

import pytest

from ffi_spectrum.analysis.device.launches import LaunchCost
from ffi_spectrum.analysis.device.targets import (
    crossing_prediction,
    flag_prediction,
    latency_agreement,
    noop_costs,
    one_crossing,
    over_floor,
    spreads,
    start_prediction,
    worst_spread,
)
from ffi_spectrum.analysis.interval import Interval
from ffi_spectrum.case import Case
from ffi_spectrum.results.record import CaseSeries, ProcessRecord, RunRecord, Series
from ffi_spectrum.results.store import Results, read_results

RECORDED = Path(__file__).parents[3] / "docs" / "results" / "device-h100.jsonl"
LOOP = Case.from_id("noop/0/cuda_loop/prebound/device/per_call/nargs=0")
RAW = Case.from_id("noop/0/cupy_raw/fresh/device/per_call/nargs=0")
LOOP_NS, FAR_NS, EMPTY_NS, ENTRY_NS = 4_000, 4_040, 20, 1_280


def series(ns: int, iterations: int = 128) -> Series:
    """Three rounds in which every call took so long."""
    return Series(iterations, [0, 1, 2], [ns * iterations] * 3)


def process(number: int, raw_ns: int) -> ProcessRecord:
    """Launches behind a held stream take `raw_ns` by cupy_raw, LOOP_NS by the C loop, whose entry takes ENTRY_NS."""
    loop = Series(128, [0, 1, 2], [LOOP_NS * 128 + ENTRY_NS] * 3)
    return ProcessRecord(
        "device/noop/0", number, 1,
        cases=[CaseSeries(LOOP, series(11_000 + EMPTY_NS), "cuda_loop"), CaseSeries(RAW, series(12_000 + EMPTY_NS))],
        far={"cuda_loop": series(FAR_NS)}, far_once={"cuda_loop": series(11_000)},
        controls={
            "empty": series(EMPTY_NS), "python_call": series(60), "enqueue": loop,
            "launch_entry": Series(1, [0, 1, 2], [ENTRY_NS] * 3),
        },
        parts={RAW.id: {"held": series(raw_ns + EMPTY_NS)}},
    )  # fmt: skip


def results(*raw_ns: int) -> Results:
    run = RunRecord({"panels": {}, "profile": {}}, "", "", {}, {}, "", "")
    return Results(run, [process(i, ns) for i, ns in enumerate(raw_ns)])


def around(ns: float) -> Interval:
    return Interval(ns, ns, ns)


def cost(flag: float, expected: float, nothing: float | None, returned: float, started: float) -> LaunchCost:
    return LaunchCost(
        around(5_000), around(4_000), around(1_000), 1.25, 2_700, nothing, returned, started, flag, expected, 1_500
    )


def test_the_far_side_is_compared_with_the_loop_without_its_entry() -> None:
    assert one_crossing(results(5_000)).value == pytest.approx(FAR_NS / LOOP_NS)


def test_a_path_over_the_floor() -> None:
    costs = noop_costs(results(5_200, 5_600, 5_800))
    assert over_floor(costs, "cupy_raw").value == pytest.approx(1.4)
    assert over_floor(costs, "cuda_core").value is None


def test_the_worst_path_is_the_figure() -> None:
    costs = {"a": cost(8_000, 8_400, 900, 4_000, 7_000), "b": cost(10_000, 9_200, 1_150, 4_500, 7_100)}
    assert flag_prediction(costs).value == pytest.approx(0.08)
    assert flag_prediction(costs).detail == "a +5.0%, b -8.0%"
    assert crossing_prediction(costs).value == pytest.approx(0.15)
    assert start_prediction(costs).value == pytest.approx(7_700 / 7_000 - 1)
    figure = latency_agreement(costs)
    assert figure.value == pytest.approx(400 / 2_800)
    assert figure.detail == "b 2,600 ns to a 3,000 ns"


def test_a_spread_is_that_of_the_medians_of_processes() -> None:
    found = {one.row: one for one in spreads([results(5_000, 5_500, 6_000)])}
    assert found["cupy_raw held"].cv == pytest.approx(500 / 5_500)
    assert found["cupy_raw held"].robust == pytest.approx(1.4826 * 500 / 5_500, rel=1e-4)
    assert found["cupy_raw waited for"].cv == found["C loop"].cv == 0
    worst = worst_spread([results(5_000, 5_500, 6_000)], 0.03)
    assert worst.value == pytest.approx(500 / 5_500)
    assert worst.detail.startswith("cupy_raw held; 2 of 3 rows within 3%")


def test_a_spread_of_several_runs_is_that_of_their_medians() -> None:
    runs = [results(5_000, 5_500, 9_000), results(4_000, 6_500, 7_000)]
    found = {one.row: one for one in spreads(runs)}
    assert found["cupy_raw held"].cv == pytest.approx(stdev([5_500, 6_500]) / 6_000)
    assert found["C loop"].cv == 0


def test_without_data_there_is_no_figure() -> None:
    empty = results()
    assert one_crossing(empty).value is None
    assert worst_spread([results(5_000)], 0.03).value is None
    assert flag_prediction({}).value is crossing_prediction({}).value is latency_agreement({}).value is None


def test_the_recorded_run() -> None:
    recorded = read_results(RECORDED)
    costs = noop_costs(recorded)
    assert one_crossing(recorded).value == pytest.approx(1, abs=0.02)
    driver, raw = (over_floor(costs, path).value for path in ("cupy_driver", "cupy_raw"))
    assert driver is not None
    assert raw is not None
    assert 1 < driver < 1.15 < raw
    flag = flag_prediction(costs).value
    assert flag is not None
    assert flag < 0.1
