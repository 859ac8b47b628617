"""Three parts of a launch: known values come back, and the recorded H100 samples say what they must."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ffi_spectrum.analysis.device.clock import timeline
from ffi_spectrum.analysis.device.durations import DurationRow
from ffi_spectrum.analysis.device.graphs import replays_to_pay
from ffi_spectrum.analysis.device.launches import LaunchCost, launch_costs
from ffi_spectrum.analysis.device.trials import device_trials
from ffi_spectrum.analysis.estimate import estimate_results
from ffi_spectrum.case import Case
from ffi_spectrum.results.device.stamps import Pings
from ffi_spectrum.results.store import Results, read_results

RECORDED = Path(__file__).parents[3] / "docs" / "results" / "device-h100.jsonl"


@pytest.fixture(scope="module")
def recorded() -> Results:
    return read_results(RECORDED)


@pytest.fixture(scope="module")
def noop_costs(recorded: Results) -> dict[str, LaunchCost]:
    """By path, of noop without arguments."""
    found = {}
    for (_, id), cost in launch_costs(recorded).items():
        case = Case.from_id(id)
        if case.kernel == "noop" and dict(case.params) == {"nargs": 0}:
            found[case.way] = cost
    return found


def pings(at_ns: int, offset: float, drift: float, trips: list[int], share: float) -> Pings:
    """Rounds from the device's time `at_ns` on; the device reads its clock after `share` of each trip."""
    devices = [at_ns + 10_000 * i for i in range(len(trips))]
    read = [device + offset + drift * device for device in devices]
    asked = [round(host - share * trip) for host, trip in zip(read, trips, strict=True)]
    return Pings(asked, [a + trip for a, trip in zip(asked, trips, strict=True)], devices)


@given(
    st.integers(-(10**12), 10**12),
    st.floats(-1e-4, 1e-4),
    st.lists(st.integers(1000, 9000), min_size=8, max_size=40),
    st.floats(0.0, 1.0),
)
def test_the_clock_is_right_within_half_a_round_trip(offset: int, drift: float, trips: list[int], share: float) -> None:
    series = [pings(at, offset, drift, trips, share) for at in (0, 50_000_000)]
    line = timeline(series)
    for device in (0, 20_000_000, 50_000_000):
        assert abs(line.host_ns(device) - (device + offset + drift * device)) <= max(trips) / 2 + 2
    assert line.error_ns <= max(trips) / 2


def test_the_middle_of_symmetric_rounds_is_exact() -> None:
    line = timeline([pings(at, 777.0, 2e-5, [3000] * 8, 0.5) for at in (0, 10_000_000)])
    assert line.host_ns(5_000_000) == pytest.approx(5_000_000 + 777 + 100, abs=2)


def test_every_path_costs_at_least_the_loop_in_c(noop_costs: dict[str, LaunchCost]) -> None:
    assert set(noop_costs) == {
        "cuda_loop", "cuda_bindings", "cuda_core", "cuda_ctypes", "cuda_ctypes.runtime", "cuda_cffi", "cupy_driver",
        "cupy_preset", "cupy_raw",
    }  # fmt: skip
    assert all(cost.crossing.point > 0 for cost in noop_costs.values())
    assert 1 < noop_costs["cupy_driver"].ratio < noop_costs["cupy_raw"].ratio < noop_costs["cuda_ctypes"].ratio


def test_the_parts_add_up_to_what_an_idle_device_shows(noop_costs: dict[str, LaunchCost]) -> None:
    """To the flag's time by the host's clock, to the start's within what the two clocks agree on."""
    for path, cost in noop_costs.items():
        assert cost.flag is not None
        assert cost.expected_flag == pytest.approx(cost.flag, rel=0.1), path
        assert cost.started is not None
        assert cost.until_start == pytest.approx(cost.started, abs=cost.clock_error_ns), path


def test_the_latency_is_not_the_binding_s(noop_costs: dict[str, LaunchCost]) -> None:
    """From the call's return to the kernel's start: the same for all paths within the clocks' agreement."""
    waits = [cost.started - cost.returned for cost in noop_costs.values() if cost.started and cost.returned]
    clock_error = next(iter(noop_costs.values())).clock_error_ns
    assert clock_error is not None
    assert max(waits) - min(waits) < clock_error


def test_launches_are_no_calls_of_another_process(recorded: Results) -> None:
    estimates = [e for e in estimate_results(recorded) if e.launch is not None]
    assert estimates
    assert all(e.remote is None for e in estimates)
    assert "launch" in estimates[0].to_json()


def test_recorded_trials(recorded: Results) -> None:
    trials = device_trials(recorded)
    assert "H100" in trials.device
    assert sum(row.wrong for row in trials.graphs) == 0
    assert all(row.replay_ns < row.loop_ns for row in trials.graphs if row.nodes >= 16)
    first, last = trials.graphs[0], trials.graphs[-1]
    assert (last.held_ns - first.held_ns) / (last.nodes - first.nodes) < 2.5  # nanoseconds a node
    early = {row.action: row.early / row.trials for row in trials.returns}
    assert early["stream synchronise"] == early[".item()"] == early["asnumpy"] == 0
    assert all(share == 1 for action, share in early.items() if action.startswith("launch"))
    ten = next(row for row in trials.durations if (row.path, row.duration_ns) == ("cupy_raw", 10_000))
    assert ten.row_hidden > 0.8
    assert ten.graph_hidden > 0.9


def test_formulas() -> None:
    assert replays_to_pay(100.0, 10.0, 30.0) == 5
    assert replays_to_pay(100.0, 30.0, 30.0) is None
    row = DurationRow("path", 10_000, 22_000.0, 12_000.0, 10_600.0)
    assert row.row_hidden == pytest.approx(1 - 2 / 12)
    assert row.graph_hidden == pytest.approx(1 - 0.6 / 12)
