"""The three parts of a launch, and what two streams hide, from blocks whose times were chosen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from ffi_spectrum.analysis.device.launches import LaunchCost, launch_costs
from ffi_spectrum.analysis.device.trials import DeviceTrials
from ffi_spectrum.case import Case
from ffi_spectrum.results.device.sample import DeviceSample
from ffi_spectrum.results.device.stamps import Pings, Stamps
from ffi_spectrum.results.record import CaseSeries, ProcessRecord, RunRecord, Series
from ffi_spectrum.results.store import Results

# Nanoseconds of the empty loop, the C loop's entry, one of its launches (with four arguments), a path's held launch
# (with four arguments), and its call of nothing.
EMPTY, ENTRY, ENQUEUE, ENQUEUE4, HELD, HELD4, NOTHING = 10, 200, 3000, 3100, 4800, 5600, 900
CALLS, LAUNCHES, ROUNDS = 256, 400, 3
# The device's clock is behind the host's; the kernel of a bare launch starts BARE after it was asked for.
OFFSET, TRIP, BARE, FLAG = 777, 3000, 7200, 10_200
BARE_CASE, CASE4 = (
    Case("noop", 0, "cupy_raw", "fresh", "device", "", "per_call", (("nargs", nargs),)) for nargs in (0, 4)
)


def series(iterations: int, once: int, each: int, slower: int = 0) -> Series:
    """Blocks of `once` and `iterations` times `each`, every round and process being slower by some nanoseconds each."""
    rounds = range(ROUNDS)
    return Series(iterations, list(rounds), [once + iterations * (each + 7 * r + slower) for r in rounds])


def stamps(returned: int, started: int, seen: int) -> Stamps:
    asked = [100_000 * i for i in range(5)]
    return Stamps(asked, [returned] * 5, [seen] * 5, [at + started - OFFSET for at in asked])


def pings(asked_ns: int) -> Pings:
    asked = [asked_ns + 10_000 * i for i in range(8)]
    return Pings(asked, [at + TRIP for at in asked], [at + TRIP // 2 - OFFSET for at in asked])


SAMPLE = DeviceSample(
    0, 0, {"cupy_raw": stamps(5000, 8900, 12_100), "c": stamps(3200, BARE, FLAG)}, [pings(0), pings(9_000_000)]
)


def process(number: int, device: DeviceSample | None = SAMPLE) -> ProcessRecord:
    """`number` makes launches slower, of the path and of the loop alike: their difference stays."""
    slower = 50 * number
    empty = Series(CALLS, list(range(ROUNDS)), [CALLS * EMPTY] * ROUNDS)
    cases = [CaseSeries(case, series(CALLS, 0, 9000)) for case in (BARE_CASE, CASE4)]
    controls = {
        "empty": empty, "enqueue": series(LAUNCHES, ENTRY, ENQUEUE, slower),
        "enqueue4": series(LAUNCHES, ENTRY, ENQUEUE4, slower), "launch_entry": Series(1, [0, 1, 2], [ENTRY] * 3),
    }  # fmt: skip
    parts = {
        BARE_CASE.id: {
            "held": series(CALLS, 0, EMPTY + HELD, slower),
            "nothing": Series(CALLS, [0, 1, 2], [CALLS * (EMPTY + NOTHING)] * 3),
        },
        CASE4.id: {"held": series(CALLS, 0, EMPTY + HELD4, slower)},
    }
    return ProcessRecord("device/noop/0", number, 1, cases, {}, {}, controls, parts=parts, device=device)


def costs(*processes: ProcessRecord) -> Mapping[str, LaunchCost]:
    results = Results(RunRecord({}, "", "", {}, {}, "", ""))
    results.processes.extend(processes)
    return {id: cost for (group, id), cost in launch_costs(results).items() if group == "device"}


def test_the_parts_of_a_launch_come_back() -> None:
    cost = costs(*map(process, range(5)))[BARE_CASE.id]
    # the middle round of the middle process
    assert cost.held.point == pytest.approx(HELD + 7 + 100)
    assert cost.enqueue.point == pytest.approx(ENQUEUE + 7 + 100)
    assert cost.crossing.point == pytest.approx(HELD - ENQUEUE)
    assert cost.crossing.half_width == pytest.approx(0)  # differences are of the same round and process
    assert cost.ratio == pytest.approx((HELD + 107) / (ENQUEUE + 107))
    assert cost.latency == pytest.approx(BARE - ENQUEUE - 107)
    assert cost.until_start == pytest.approx(HELD - ENQUEUE + BARE)
    assert cost.nothing == pytest.approx(NOTHING)


def test_single_launches_are_on_the_host_s_time_line() -> None:
    cost = costs(process(0))[BARE_CASE.id]
    assert (cost.returned, cost.flag) == (5000, 12_100)
    assert cost.started == pytest.approx(8900)
    assert cost.expected_flag == pytest.approx(HELD - ENQUEUE + FLAG)
    assert cost.clock_error_ns == TRIP / 2


def test_a_launch_with_arguments_is_compared_with_the_loop_of_as_many() -> None:
    cost = costs(process(0))[CASE4.id]
    assert cost.crossing.point == pytest.approx(HELD4 - ENQUEUE4)
    assert cost.nothing is None


def test_without_a_device_s_clock_there_is_no_latency() -> None:
    cost = costs(process(0, None))[BARE_CASE.id]
    assert cost.crossing.point == pytest.approx(HELD - ENQUEUE)
    assert cost.latency is cost.started is cost.until_start is None


def test_a_path_that_was_not_held_has_no_parts() -> None:
    assert costs(replace(process(0), parts={})) == {}
    controls = {name: one for name, one in process(0).controls.items() if name != "launch_entry"}
    assert costs(replace(process(0), controls=controls)) == {}


@pytest.mark.parametrize(
    ("overlap_ns", "hidden"),
    [
        ({"copy": 100.0, "kernel": 100.0, "both": 100.0}, 1.0),
        ({"copy": 100.0, "kernel": 100.0, "both": 200.0}, 0.0),
        ({"copy": 100.0, "kernel": 300.0, "both": 320.0}, 0.8),
        ({"copy": 100.0, "kernel": 100.0}, None),
        ({}, None),
    ],
)
def test_what_both_at_once_hide_is_a_share_of_the_shorter(overlap_ns: dict[str, float], hidden: float | None) -> None:
    assert DeviceTrials("", (), (), (), (), overlap_ns).hidden == (None if hidden is None else pytest.approx(hidden))
