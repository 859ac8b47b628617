"""The model finds the law that a synthetic run was made with, and what follows from it."""

from __future__ import annotations

from functools import cache

import pytest

from ffi_spectrum.analysis.advantage import Advantage, advantages, gil_costs, native_work, work_at_share
from ffi_spectrum.analysis.break_even import Wins, where_doubled
from ffi_spectrum.analysis.interval import Interval
from ffi_spectrum.analysis.model import Way, build_model, longest
from ffi_spectrum.analysis.resample import Sampled
from ffi_spectrum.case import Case
from ffi_spectrum.results.record import CaseRecord

from ..sweeps import NATIVE_NS, STEP_NS, Law, axis, case, sweep


def through_caches(nbytes: int) -> float:
    """20 GB/s up to 32 KiB, 5 GB/s beyond."""
    return (0.05 if nbytes <= 32768 else 0.2) * nbytes


LAWS = {
    "cheap": Law(empty=20.0),
    "release": Law(empty=45.0),
    "dear": Law(empty=500.0, result=60.0, argument=100.0),
    "copier": Law(empty=100.0, payload=through_caches),
    "slow": Law(empty=15.0, step=100.0, has_far=False),
}


@cache
def ways() -> dict[str, Way]:
    """By rung; in each there is one for the scalars and one for the payload."""
    return {way.case.rung: way for way in build_model(sweep(LAWS), axis) if way.case.placement == "none"}


@cache
def payload_ways() -> dict[str, Way]:
    return {way.case.rung: way for way in build_model(sweep(LAWS), axis) if way.case.placement == "host"}


def covers(number: Sampled | None, truth: float) -> bool:
    assert number is not None
    return number.interval.low <= truth <= number.interval.high


def found(wins: Wins | None) -> Interval:
    assert wins is not None
    assert wins.verdict == "somewhere"
    (range_,) = wins.ranges
    assert range_.end is None
    assert range_.start is not None
    return range_.start


@pytest.mark.parametrize("rung", ["cheap", "release", "dear"])
def test_fixed_cost_result_and_argument_are_recovered(rung: str) -> None:
    law, way = LAWS[rung], ways()[rung]
    assert way.nothing is not None
    assert covers(way.nothing.call, law.empty + NATIVE_NS)
    assert covers(way.per_argument, law.argument)
    assert way.result is not None
    assert way.result.point == pytest.approx(law.result, abs=0.02 * (law.empty + law.result))
    assert way.arguments is not None
    assert len(way.arguments.lines) == 1
    assert (way.arguments.low, way.arguments.high) == (1, 8)


def test_bytes_are_recovered_on_both_sides_of_the_break() -> None:
    payload = payload_ways()["copier"].payload
    assert payload is not None
    assert [(line.low, line.high) for line in payload.lines] == [(1, 32768), (65536, 2**23)]
    assert covers(payload.lines[0].slope, 0.05)
    assert covers(payload.lines[1].slope, 0.2)
    half = found(where_doubled(payload))
    boundary = LAWS["copier"].boundary("ends", 0) + NATIVE_NS
    assert half.low <= boundary / 0.05 <= half.high
    flat = payload_ways()["cheap"].payload
    assert flat is not None
    assert where_doubled(flat).verdict == "never"


@pytest.mark.parametrize("rung", ["cheap", "dear"])
def test_work_is_recovered_on_the_near_and_the_far_side(rung: str) -> None:
    way = ways()[rung]
    for curve in (way.work, way.far_work):
        assert curve is not None
        assert curve.lines[-1].slope.point == pytest.approx(STEP_NS, rel=0.01)
        assert curve.worst < 0.05


@pytest.mark.parametrize(("share", "times"), [(0.5, 1), (0.1, 9), (0.01, 99)])
def test_the_work_beside_which_a_boundary_takes_a_share(share: float, times: float) -> None:
    """b / (b + w) = share at w = b * (1 - share) / share."""
    work = found(work_at_share(ways()["cheap"], native_work(list(ways().values())), share))
    assert work.point == pytest.approx(times * LAWS["cheap"].boundary("spin", 1), rel=0.03)
    assert work.low < work.point < work.high


def test_a_share_that_was_not_reached_lies_outside() -> None:
    """1 % of 760 ns takes 75 us of work; measured were 20 us."""
    short = sweep(LAWS, chosen=[("spin", 2**power) for power in range(15)])
    by_rung = {way.case.rung: way for way in build_model(short, axis)}
    native = native_work(list(by_rung.values()))
    assert work_at_share(by_rung["dear"], native, 0.01) == Wins("outside")
    assert work_at_share(by_rung["slow"], native, 0.01) is None
    assert work_at_share(by_rung["dear"], None, 0.1) is None


def advantage(mine: str, other: str, placement: str = "none") -> Advantage:
    chosen = ways() if placement == "none" else payload_ways()
    for one in advantages([chosen["floor"], chosen[mine], chosen[other]]):
        if (one.mine.rung, one.other.rung) == (mine, other):
            return one
    raise AssertionError("no such pair")


def test_calls_per_crossing_follow_from_boundary_and_work() -> None:
    """One crossing of 500 ns for N calls of 1 ns beats 21 ns each from N = 500 / (21 - 1) on."""
    calls = found(advantage("cheap", "dear").calls)
    assert calls.point == pytest.approx(25, abs=1)
    assert advantage("dear", "cheap").calls == Wins("always")
    assert advantage("cheap", "slow").calls is None


def test_work_from_which_a_compiled_rung_wins() -> None:
    """slow starts 5 ns below and takes 98.8 ns more a step: it loses from the first step on, against dear later."""
    assert advantage("slow", "cheap").work == Wins("always")
    steps = (LAWS["dear"].boundary("spin", 1) - LAWS["slow"].boundary("spin", 1)) / (100.0 - STEP_NS)
    work = found(advantage("slow", "dear").work)
    assert work.point == pytest.approx(NATIVE_NS + STEP_NS * steps, rel=0.05)
    assert advantage("cheap", "dear").work == Wins("never")


def test_payload_from_which_a_rung_that_does_not_copy_wins() -> None:
    nbytes = (LAWS["dear"].boundary("ends", 0) - LAWS["copier"].boundary("ends", 0)) / 0.05
    payload = found(advantage("copier", "dear", "host").payload)
    assert payload.low <= nbytes <= payload.high
    assert payload.point == pytest.approx(nbytes, rel=0.03)
    assert advantage("copier", "cheap", "host").payload == Wins("always")


def test_the_floor_is_nobodys_choice() -> None:
    everything = [*ways().values(), *payload_ways().values()]
    assert not [one for one in advantages(everything) if "floor" in (one.mine.rung, one.other.rung)]


def test_the_lock_is_the_difference_of_two_rungs_that_are_the_same_but_for_it() -> None:
    gils = gil_costs(list(ways().values()), {"release": "cheap", "dear": "missing"})
    assert [way.rung for way in gils] == ["release"]
    (gil,) = gils.values()
    assert covers(gil, 25.0)


def test_what_is_not_on_the_line_is_left_out() -> None:
    """An empty payload, at which the kernel looks at nothing, and a case that failed."""
    chosen = [("ends", size) for size in (0, 1, 2, 4, 8)]
    results = sweep({"cheap": LAWS["cheap"]}, chosen=chosen)
    results.cases.append(CaseRecord(case("cheap", "ends", 4), "failed", "it was ended by SIGSEGV", ""))
    by_rung = {way.case.rung: way for way in build_model(results, axis)}
    assert list(by_rung["floor"].points["ends"]) == [1, 2, 4, 8]
    assert list(by_rung["cheap"].points["ends"]) == [1, 2, 8]
    assert by_rung["cheap"].processes == 12


def test_a_kernel_has_its_own_curve_over_its_own_axis() -> None:
    results = sweep({"cheap": LAWS["cheap"]}, chosen=[("spin", 2**power) for power in range(12)])
    text = {id: id.replace("spin/", "dot/") for ids in results.run.plan["panels"].values() for id in ids}
    results.run.plan["panels"] = {p: [text[id] for id in ids] for p, ids in results.run.plan["panels"].items()}
    for record in results.processes:
        record.cases[:] = [type(row)(Case.from_id(text[row.case.id]), row.series, row.far) for row in record.cases]
    (way,) = (way for way in build_model(results, lambda kernel, size: 3.0 * size) if way.case.rung == "cheap")
    assert way.work is None
    assert list(way.kernels) == ["dot"]
    assert way.kernels["dot"].high == 3 * 2**11
    assert covers(way.kernels["dot"].lines[-1].slope, STEP_NS / 3)


def test_the_step_of_a_rung_is_not_read_from_two_points() -> None:
    """The last two sizes are off by half, as on a machine that was disturbed: that line says nothing of a step."""
    results = sweep({"cheap": LAWS["cheap"]}, chosen=[("spin", 2**power) for power in range(16)])
    for record in results.processes:
        if int(record.panel.rpartition("/")[2]) >= 2**14:
            for row in record.cases:
                row.series.elapsed_ns[:] = [round(1.5 * ns) for ns in row.series.elapsed_ns]
    (way,) = (way for way in build_model(results, axis) if way.case.rung == "cheap")
    assert way.work is not None
    assert way.work.lines[-1].points == 2
    assert longest(way.work).slope.point == pytest.approx(STEP_NS, rel=0.01)
