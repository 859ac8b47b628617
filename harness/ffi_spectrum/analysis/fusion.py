"""What one fused call saves against the calls that it replaces, and whether the cost model says so."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce

from ffi_spectrum.analysis.decomposition import NOTHING
from ffi_spectrum.analysis.paired import PairedPanel
from ffi_spectrum.analysis.resample import Sampled
from ffi_spectrum.case import Case

# A kernel and a size.
Cell = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Fusion:
    """One way to make the fused call `case`; times in nanoseconds. `steps` are the calls that it replaces.

    `dispatch` is the boundary of a call that takes nothing, None where that was not measured, and `argument_share`
    how many arguments the fused call takes of those of all steps. Each kernel is measured in a panel of its own, so
    that all come from different processes.
    """

    case: Case
    fused: Sampled
    fused_boundary: Sampled
    fused_far: Sampled
    steps: tuple[Sampled, ...]
    boundaries: tuple[Sampled, ...]
    fars: tuple[Sampled, ...]
    dispatch: Sampled | None
    argument_share: float

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
    def predicted(self) -> Sampled | None:
        """The saving without any measurement of the fused kernel: a boundary is the dispatch and so much an argument.

        Whatever the work saves is not in it. None without the dispatch.
        """
        if self.dispatch is None:
            return None
        boundaries = _sum(self.boundaries)
        arguments = boundaries - self.dispatch.times(len(self.steps))
        return boundaries - self.dispatch - arguments.times(self.argument_share)


def fuse(
    panels: Sequence[PairedPanel], steps: Mapping[Cell, Sequence[Cell]], arguments: Callable[[str], int]
) -> list[Fusion]:
    """Every single call of a fused kernel whose steps were all called in the same way.

    `steps` says which they are, and `arguments` how many each kernel takes.
    """
    by_cell = {(panel.group, panel.kernel, panel.size): panel for panel in panels}
    found = []
    for panel in panels:
        cells = steps.get((panel.kernel, panel.size), ())
        parts = [by_cell[panel.group, *cell] for cell in cells if (panel.group, *cell) in by_cell]
        if not cells or len(parts) < len(cells):
            continue
        nothing = by_cell.get((panel.group, NOTHING, 0))
        share = arguments(panel.kernel) / sum(arguments(part.kernel) for part in parts)
        for case in panel.cases.values():
            if case.strategy == "per_call" and panel.boundaries(case):
                calls = [(part, step) for part in parts for step in [part.find(case)] if step is not None]
                calls = [(part, step) for part, step in calls if part.boundaries(step)]
                if len(calls) == len(parts):
                    found.append(_fusion(panel, case, calls, _dispatch(nothing, case), share))
    return found


def _fusion(
    panel: PairedPanel, case: Case, steps: Sequence[tuple[PairedPanel, Case]], dispatch: Sampled | None, share: float
) -> Fusion:
    return Fusion(
        case,
        panel.sampled(panel.calls(case)),
        panel.sampled(panel.boundaries(case)),
        panel.sampled(panel.works(case)),
        tuple(part.sampled(part.calls(step)) for part, step in steps),
        tuple(part.sampled(part.boundaries(step)) for part, step in steps),
        tuple(part.sampled(part.works(step)) for part, step in steps),
        dispatch,
        share,
    )


def _dispatch(nothing: PairedPanel | None, case: Case) -> Sampled | None:
    found = nothing.dispatch(case) if nothing is not None else None
    return None if nothing is None or found is None else nothing.sampled(nothing.boundaries(found))


def _sum(numbers: Sequence[Sampled]) -> Sampled:
    return reduce(Sampled.__add__, numbers)
