"""The tables and sentences of launch paths, from recorded samples."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ffi_spectrum.analysis.device.launches import LaunchCost
from ffi_spectrum.analysis.device.trials import device_trials
from ffi_spectrum.analysis.estimate import Estimate, estimate_results
from ffi_spectrum.analysis.interval import Interval
from ffi_spectrum.report.device.launches import device_lines, device_sheets, sentence
from ffi_spectrum.report.device.trials import trial_sheets
from ffi_spectrum.results.store import Results, read_results

RECORDED = Path(__file__).parents[3] / "docs" / "results" / "device-h100.jsonl"


@pytest.fixture(scope="module")
def recorded() -> Results:
    return read_results(RECORDED)


@pytest.fixture(scope="module")
def estimates(recorded: Results) -> list[Estimate]:
    return estimate_results(recorded)


def around(ns: float) -> Interval:
    return Interval(ns, ns, ns)


def test_the_sentence_says_whose_each_part_is() -> None:
    cost = LaunchCost(around(4_800), around(3_400), around(1_400), 1.41, latency=4_200)
    assert sentence(cost) == (
        "of 9.0 us until the kernel starts, 1.4 us is the binding, 3.4 us the driver, 4.2 us the device; "
        "a free binding would save 1.4 us"
    )
    seen = replace(cost, started=8_250)
    assert sentence(seen).startswith("of 9.0 us until the kernel starts (8.2 by the clocks), 1.4 us is")


def test_every_path_that_was_seen_to_start_has_one_sentence(estimates: list[Estimate]) -> None:
    """CuPy's own kernels say nothing when they start: parts alone, added up, make no sentence."""
    paths = [line.partition(" (")[0] for line in device_lines(estimates)]
    assert sorted(paths) == [
        "cuda_bindings", "cuda_cffi", "cuda_core", "cuda_ctypes", "cuda_ctypes.runtime", "cuda_loop", "cupy_driver",
        "cupy_preset", "cupy_raw",
    ]  # fmt: skip
    unseen = {e.rung for e in estimates if e.launch is not None and e.launch.until_start is not None} - set(paths)
    assert unseen == {"cupy_elementwise", "cupy_expression"}


def test_sheets_are_rectangular(recorded: Results, estimates: list[Estimate]) -> None:
    sheets = [*device_sheets(estimates), *trial_sheets(device_trials(recorded))]
    assert [sheet.title for sheet in sheets if "idle device" in sheet.title]
    for sheet in sheets:
        assert sheet.rows, sheet.title
        assert {len(row) for row in sheet.rows} == {len(sheet.headers)}, sheet.title


def test_without_a_device_there_is_nothing_to_show(estimates: list[Estimate]) -> None:
    others = [estimate for estimate in estimates if estimate.launch is None]
    assert list(device_sheets(others)) == []
    assert device_lines(others) == []
