"""What one fused call saves against the calls that it replaces, and whether the cost model says so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce

from ffi_spectrum.analysis.paired import PairedPanel
from ffi_spectrum.analysis.resample import Sampled
from ffi_spectrum.case import Case

# A kernel and a size.
Cell = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Fusion:
    """One way to make the fused call `case`; times in nanoseconds. `steps` are the calls that it replaces.

    Each kernel is measured in a panel of its own, so that all come from different processes.
    """

    case: Case
    fused: Sampled
    fused_boundary: Sampled
    fused_far: Sampled
    steps: tuple[Sampled, ...]
    boundaries: tuple[Sampled, ...]
    fars: tuple[Sampled, ...]

    @property
    def apart(self) -> Sampled:
        """All steps, called one after the other."""
        return _sum(self.steps)

    @property
    def saved(self) -> Sampled:
        return self.apart - self.fused

    @property
    def saved_crossing(self) -> Sampled:
        """The part of it that the boundaries take less."""
        return _sum(self.boundaries) - self.fused_boundary

    @property
    def saved_work(self) -> Sampled:
        """The part of it that the far sides take less: results that need not go through memory, say."""
        return _sum(self.fars) - self.fused_far

    @property
    def predicted(self) -> Sampled:
        """The saving without any measurement of the fused kernel: all boundaries but the largest, and no work."""
        return _sum(self.boundaries) - max(self.boundaries, key=lambda boundary: boundary.point)


def fuse(panels: Sequence[PairedPanel], steps: Mapping[Cell, Sequence[Cell]]) -> list[Fusion]:
    """Every single call of a fused kernel whose steps were all called in the same way; `steps` says which they are."""
    by_cell = {(panel.group, panel.kernel, panel.size): panel for panel in panels}
    found = []
    for panel in panels:
        cells = steps.get((panel.kernel, panel.size), ())
        parts = [by_cell[panel.group, *cell] for cell in cells if (panel.group, *cell) in by_cell]
        if not cells or len(parts) < len(cells):
            continue
        for case in panel.cases.values():
            calls = [part.find(case.rung, case) for part in parts]
            if case.strategy == "per_call" and panel.boundaries(case):
                found += _fusion(panel, case, [(p, c) for p, c in zip(parts, calls, strict=True) if c is not None])
    return [one for one in found if len(one.steps) == len(steps[one.case.kernel, one.case.size])]


def _fusion(panel: PairedPanel, case: Case, steps: Sequence[tuple[PairedPanel, Case]]) -> list[Fusion]:
    known = [(part, step) for part, step in steps if part.boundaries(step)]
    if not known:
        return []
    return [
        Fusion(
            case,
            panel.sampled(panel.calls(case)),
            panel.sampled(panel.boundaries(case)),
            panel.sampled(panel.works(case)),
            tuple(part.sampled(part.calls(step)) for part, step in known),
            tuple(part.sampled(part.boundaries(step)) for part, step in known),
            tuple(part.sampled(part.works(step)) for part, step in known),
        )
    ]


def _sum(numbers: Sequence[Sampled]) -> Sampled:
    return reduce(Sampled.__add__, numbers)
