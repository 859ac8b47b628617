"""What releasing the GIL and taking it back costs in each rung, and whether it costs the same in all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Literal

from ffi_spectrum.analysis.interval import Interval, median_interval
from ffi_spectrum.analysis.paired import PairedPanel
from ffi_spectrum.analysis.verdict import Judgement, judge_table
from ffi_spectrum.case import Case

# How far apart two transitions may be and yet be called equal, in nanoseconds.
MARGIN_NS = 3.0
Likeness = Literal["EQUIVALENT", "DIFFERENT", "UNRESOLVED"]


@dataclass(frozen=True, slots=True)
class Transition:
    """The call of a rung that releases the GIL less that of the one that is the same but holds it, in nanoseconds.

    Paired in each process; the interval is the 95 % order-statistic one of the median over processes.
    """

    case: Case
    held: Case
    interval: Interval
    processes: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """The transition of `left` less that of `right`, each named by its call that releases the GIL.

    EQUIVALENT is TOST at 5 % within MARGIN_NS, DIFFERENT a significant difference that is not EQUIVALENT; p-values of
    the same kernel and size are corrected together.
    """

    left: Case
    right: Case
    judgement: Judgement

    @property
    def likeness(self) -> Likeness:
        match self.judgement.verdict:
            case "FASTER" | "SLOWER":
                return "DIFFERENT"
            case same:
                return same


def transitions(panels: Sequence[PairedPanel], held: Mapping[str, str]) -> list[Transition]:
    """Of every single call whose rung `held` names, in the order of the panels."""
    return [
        Transition(case, twin, median_interval(differences), len(differences))
        for panel in panels
        for case, twin in _pairs(panel, held)
        for differences in [panel.differences(case, twin)]
    ]


def compare_transitions(
    panels: Sequence[PairedPanel], held: Mapping[str, str], rungs: Sequence[str]
) -> list[Comparison]:
    """Every two of `rungs`, on each kernel's prebound call: the earlier of the two in `rungs` is the right one."""
    found = []
    for panel in panels:
        pairs = {case.rung: (case, twin) for case, twin in _pairs(panel, held) if case.form == "prebound"}
        chosen = [pairs[rung] for rung in rungs if rung in pairs]
        rows = {(left[0], right[0]): panel.double_differences(left, right) for right, left in combinations(chosen, 2)}
        table = {f"{left.id} {right.id}": (values, MARGIN_NS) for (left, right), values in rows.items() if values}
        judged = judge_table(table)
        found += [Comparison(*both, judged[f"{both[0].id} {both[1].id}"]) for both in rows if rows[both]]
    return found


def _pairs(panel: PairedPanel, held: Mapping[str, str]) -> list[tuple[Case, Case]]:
    """Cases that release the GIL, and the same ones that hold it, that some process measured together."""
    singles = [case for case in panel.cases.values() if case.strategy == "per_call" and case.rung in held]
    twins = [(case, panel.find(replace(case, rung=held[case.rung]))) for case in singles]
    return [(case, twin) for case, twin in twins if twin is not None and panel.differences(case, twin)]
