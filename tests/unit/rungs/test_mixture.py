"""A shuffled list of two kernels: planned for two rungs, checked call by call, counted as half of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from ffi_spectrum.case import Case
from ffi_spectrum.kernels.table import KERNELS
from ffi_spectrum.measure.loop import call_once
from ffi_spectrum.measure.wide import calls_of, prepare_wide
from ffi_spectrum.plan import load_profile, make_plan
from ffi_spectrum.rungs.base import Rung
from ffi_spectrum.rungs.mixture import BESIDE, MIXED, RUNGS, mixed_calls, mixed_params
from ffi_spectrum.rungs.recording import Recorded, Recording

from .opened import open_rung


@pytest.fixture(params=RUNGS)
def rung(request: pytest.FixtureRequest) -> Iterator[Rung]:
    found = open_rung(request.param)
    yield found
    found.close()


def mixed_cases(rung: Rung, calls: int) -> list[Case]:
    way = next(w for w in type(rung).ways(KERNELS[MIXED]) if w.strategy == "replayed")
    return [replace(way, params=params) for params in mixed_params(way, (1, calls))]


def test_the_full_profile_has_both_orders_of_the_longest_list() -> None:
    plan = make_plan(load_profile("full"), rungs=("cext", *RUNGS), kernels=(MIXED, BESIDE))
    found = [case for panel in plan.panels for case in panel.cases if "mixed" in dict(case.params)]
    assert [(case.kernel, case.rung) for case in found] == [(MIXED, rung) for rung in RUNGS for _ in range(2)]
    assert [case.id.rpartition("/")[2] for case in found[:2]] == [
        "calls=10000,mixed=1",
        "calls=10000,mixed=1,ordered=1",
    ]
    assert mixed_params(replace(found[0], strategy="batched"), (10,)) == []
    assert mixed_params(found[0], ()) == []


@pytest.mark.parametrize("calls", [1, 2, 501])
def test_half_of_the_calls_are_of_each_kernel_in_random_order(calls: int) -> None:
    found = mixed_calls(calls)
    names = [workload.kernel.name for workload, _ in found]
    assert (names.count(MIXED), names.count(BESIDE)) == (calls // 2, calls - calls // 2)
    for workload, result in found:
        assert result == (workload.values["a"] + workload.values["b"] if workload.values else None)
    if calls > 100:
        assert names not in (sorted(names), sorted(names, reverse=True))


def test_every_result_is_checked(rung: Rung, monkeypatch: pytest.MonkeyPatch) -> None:
    for case in mixed_cases(rung, 301):
        wide = prepare_wide(rung, KERNELS[MIXED], case)
        assert (wide.check(), wide.calls, calls_of(case)) == ("", 150, 150)
        with monkeypatch.context() as patch:
            patch.setattr(Recorded, "value", lambda self, number: 7 if number == 200 else None)
            assert wide.check().startswith("call ")


def test_only_the_ordered_list_keeps_its_order(rung: Rung, monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[bool] = []
    finish = Recording.finish

    def spy(self: Recording, keep_order: bool = False) -> Recorded:
        kept.append(keep_order)
        return finish(self, keep_order)

    monkeypatch.setattr(Recording, "finish", spy)
    for case in mixed_cases(rung, 20):
        prepare_wide(rung, KERNELS[MIXED], case)
    assert kept == [False, True]


def test_the_kernel_is_entered_as_often_as_is_claimed(rung: Rung) -> None:
    counting = open_rung(rung.info.name, "counting")
    for case in mixed_cases(counting, 40):
        wide = prepare_wide(counting, KERNELS[MIXED], case)
        before = counting.count(KERNELS[MIXED])
        assert before is not None
        call_once(wide.bound)
        assert (counting.count(KERNELS[MIXED]) or 0) - before == calls_of(case) == 20
    counting.close()
