"""What one crossing for many calls saves: time per call against their number, and what the cost model says of it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ffi_spectrum.analysis.break_even import Wins, where_positive
from ffi_spectrum.analysis.paired import PairedPanel
from ffi_spectrum.analysis.resample import Sampled, stack
from ffi_spectrum.case import Case, Placement

WIDE = ("batched", "replayed")
CALLS, MIXED, ORDERED = "calls", "mixed", "ordered"
# What says which calls a crossing makes; other numbers (cores) are the single call's, too.
LIST = (CALLS, MIXED, ORDERED)


@dataclass(frozen=True, slots=True)
class Amortisation:
    """One strategy of a rung for one kernel and size; all times in nanoseconds per call of the kernel.

    `case` has the strategy, without its number of calls; `times` is by that number, two of them at least. `single` is
    the rung's call that makes one, and `single_boundary` its boundary; `far` is the far-side loop: what is left of a
    call when there are infinitely many.
    """

    case: Case
    times: dict[int, Sampled]
    single: Sampled
    single_boundary: Sampled
    far: Sampled

    @property
    def most(self) -> int:
        """The largest number of calls that one crossing makes."""
        return max(self.times)

    @property
    def item(self) -> Sampled:
        """What each further call takes: the line through both ends, t(N) = crossing / N + item."""
        first, last = min(self.times), self.most
        whole = self.times[last].times(last) - self.times[first].times(first)
        return whole.times(1 / (last - first))

    @property
    def crossing(self) -> Sampled:
        """What the one crossing takes, on that line."""
        first = min(self.times)
        return (self.times[first] - self.item).times(first)

    @property
    def own(self) -> Sampled:
        """What the strategy itself takes per call beside the far-side loop: reading a list, say."""
        return self.item - self.far

    def on_line(self, calls: int) -> Sampled:
        """The line at so many calls; the ends define it."""
        return self.crossing.times(1 / calls) + self.item

    def predicted(self, calls: int) -> Sampled:
        """What the cost model says without any measurement of the strategy: boundary / N + far."""
        return self.single_boundary.times(1 / calls) + self.far

    @property
    def largest_error(self) -> float:
        """The largest error of the line between its ends, as a fraction of the time; 0 where nothing lies between."""
        inner = sorted(self.times)[1:-1]
        return max((abs(self.on_line(n).point / self.times[n].point - 1) for n in inner), default=0.0)

    @property
    def halved_at(self) -> Wins:
        """From how many calls on each takes half of what a single call does.

        Between two numbers of calls that were measured, what a crossing takes in all is a straight line.
        """
        import numpy as np

        calls = np.array(sorted(self.times), np.float64)
        points, draws = stack([self.times[int(n)].times(n) - self.single.times(n / 2) for n in calls])
        wins = where_positive(calls, -points, -draws, np.zeros_like(points))
        return wins.mapped(lambda n: float(math.ceil(n - 1e-9)))


@dataclass(frozen=True, slots=True)
class Mixture:
    """A shuffled list of two kernels' calls, replayed by one crossing.

    `item` is its time per call, `far` the mean of both far-side loops. The other kernel's comes from its own panel and
    so from other processes.
    """

    case: Case
    item: Sampled
    far: Sampled

    @property
    def calls(self) -> int:
        return dict(self.case.params)[CALLS]

    @property
    def is_ordered(self) -> bool:
        """True where the calls are made in the order in which they were recorded."""
        return ORDERED in dict(self.case.params)

    @property
    def strategy(self) -> Case:
        """The case without what says which calls are in the list."""
        return self.case.without_params(*LIST)

    @property
    def added(self) -> Sampled:
        return self.item - self.far


def amortise(panels: Sequence[PairedPanel]) -> list[Amortisation]:
    """Every strategy that was measured with two numbers of calls or more, in the order of the panels."""
    return [
        Amortisation(
            strategy,
            {calls: panel.sampled(panel.calls(case)) for calls, case in sorted(cases.items())},
            panel.sampled(panel.calls(single)),
            panel.sampled(panel.boundaries(single)),
            panel.sampled(panel.works(single)),
        )
        for panel in panels
        for strategy, cases in _wide(panel).items()
        for single in [_single(panel, strategy)]
        if len(cases) > 1 and single is not None
    ]


def mixtures(panels: Sequence[PairedPanel], other: str) -> list[Mixture]:
    """Every list in which half of the calls are of its panel's kernel and half of the scalar kernel `other`."""
    others = {panel.group: panel for panel in panels if panel.kernel == other}
    found = []
    for panel in panels:
        for case in panel.cases.values():
            loop = _single(others[panel.group], case) if panel.group in others else None
            if MIXED not in dict(case.params) or loop is None or not panel.works(case):
                continue
            beside = others[panel.group].sampled(others[panel.group].works(loop))
            own = panel.sampled(panel.works(case))
            found.append(Mixture(case, panel.sampled(panel.calls(case)), (own + beside).times(0.5)))
    return found


def _wide(panel: PairedPanel) -> Mapping[Case, dict[int, Case]]:
    """By strategy, and then by how many calls one crossing makes."""
    found: dict[Case, dict[int, Case]] = {}
    for case in panel.cases.values():
        params = dict(case.params)
        if case.strategy in WIDE and CALLS in params and MIXED not in params:
            found.setdefault(case.without_params(*LIST), {})[params[CALLS]] = case
    return found


def _single(panel: PairedPanel, strategy: Case) -> Case | None:
    """The rung's single call on data in the same place; None where there is no far side to relate both to."""
    placements: tuple[Placement, ...] = ("none", strategy.placement)
    single = replace(strategy.without_params(*LIST), strategy="per_call")
    cases = (panel.find(replace(single, placement=placement)) for placement in placements)
    return next((case for case in cases if case is not None and panel.boundaries(case)), None)
