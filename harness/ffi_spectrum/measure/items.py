"""Everything that one process times in its rounds, by what it is for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ffi_spectrum.case import Case
from ffi_spectrum.measure.control import controls, far_controls
from ffi_spectrum.measure.subject import Subjects
from ffi_spectrum.measure.timing import MAX_ITERATIONS, Item
from ffi_spectrum.prediction import WINDOWS_PER_BLOCK
from ffi_spectrum.results.record import CaseSeries, Series
from ffi_spectrum.rungs.base import Rung


@dataclass(slots=True)
class Items:
    """Cases by id, far sides by name, controls by name, and pieces of calls by case id and name."""

    near: dict[str, Item]
    far: dict[str, Item]
    far_once: dict[str, Item]
    controls: dict[str, Item]
    parts: dict[str, dict[str, Item]]

    def __iter__(self) -> Iterator[Item]:
        for found in (self.near, self.far, self.far_once, self.controls, *self.parts.values()):
            yield from found.values()


def make_items(subjects: Subjects) -> Items:
    """One item per block of `subjects`, not calibrated yet; a far side's death is blamed on one of its cases."""
    blame = {subject.far: subject.index for subject in subjects.near}
    most = {subject.far: subject.rung.most_calls for subject in subjects.near}
    least = {subject.far: subject.rung.least_calls for subject in subjects.near}
    shared = {
        "least": max((subject.rung.least_calls for subject in subjects.near), default=1),
        "most": min((subject.rung.most_calls for subject in subjects.near), default=MAX_ITERATIONS),
    }
    control = {name: Item(block, index) for name, (block, index) in controls(subjects).items()}
    far_control = {
        name: Item(block, index, is_far=True, **shared) for name, (block, index) in far_controls(subjects).items()
    }
    return Items(
        near={
            s.case.id: Item(s.block, s.index, least=_least_calls(s.case, s.rung), most=s.rung.most_calls)
            for s in subjects.near
        },
        far={
            name: Item(block, blame[name], is_far=True, least=least[name], most=most[name])
            for name, block in subjects.far.items()
        },
        far_once={name: Item(block, blame[name]) for name, block in subjects.far_once.items()},
        controls=control | far_control,
        parts={
            subject.case.id: {
                name: Item(block, subject.index, least=subject.rung.least_calls, most=subject.rung.most_calls)
                for name, block in subject.parts.items()
            }
            for subject in subjects.near
            if subject.parts
        },
    )


def _least_calls(case: Case, rung: Rung) -> int:
    """A pipelined block fills its window several times over: filling and draining it are not what it is about."""
    return max(WINDOWS_PER_BLOCK * dict(case.params).get("window", 0), rung.least_calls)


def series_of(items: Items, subjects: Subjects) -> dict[str, Any]:
    """What was timed, as the fields of a ProcessRecord."""
    ordered = sorted(subjects.near, key=lambda subject: subject.index)
    return {
        "cases": [CaseSeries(s.case, _series(items.near[s.case.id]), s.far) for s in ordered],
        "far": _all_series(items.far),
        "far_once": _all_series(items.far_once),
        "controls": _all_series(items.controls),
        "parts": {id: _all_series(found) for id, found in items.parts.items()},
    }


def _all_series(items: Mapping[str, Item]) -> dict[str, Series]:
    return {name: Series(item.iterations, item.rounds, item.elapsed_ns) for name, item in items.items()}


def _series(item: Item) -> Series:
    return Series(item.iterations, item.rounds, item.elapsed_ns)
