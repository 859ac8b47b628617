"""Where the time of a call goes: parts from pairs of cases that differ in one thing, and what they leave over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce

from ffi_spectrum.analysis.ladder import Kinship, Ladder
from ffi_spectrum.analysis.paired import PairedPanel
from ffi_spectrum.analysis.resample import Sampled
from ffi_spectrum.case import Case
from ffi_spectrum.errors import ResultsError

# The kernel that does nothing: what is left of its call is the dispatch.
NOTHING = "noop"


@dataclass(frozen=True, slots=True)
class Decomposition:
    """One case: nanoseconds per call as measured, and by part (only those that it has, in the order of PARTS).

    Each part is a pair that differs in one thing, the last of them the case itself: what they leave over is what
    medians and other processes leave over. `elsewhere` are the same parts from pairs that do without the case: the
    GIL's from its simplest call, and all of them from a kernel of the same signature where there is one. They add up
    only where a part costs the same in both places; None where there is no such pair.
    """

    case: Case
    panel_group: str
    whole: Sampled
    parts: dict[str, Sampled]
    elsewhere: dict[str, Sampled] | None

    @property
    def residual(self) -> Sampled:
        return self.whole - total(self.parts)

    @property
    def adds_up(self) -> bool:
        """True where nothing is left over, as far as its 95 % interval or that of the whole can tell."""
        return self._is_whole(self.residual)

    @property
    def interaction(self) -> Sampled | None:
        """What the parts from elsewhere leave over."""
        return None if self.elsewhere is None else self.whole - total(self.elsewhere)

    @property
    def is_additive(self) -> bool | None:
        """True where the parts from elsewhere add up, too; None without them."""
        return None if self.interaction is None else self._is_whole(self.interaction)

    def _is_whole(self, residual: Sampled) -> bool:
        own, rest = self.whole.interval, residual.interval
        is_within = own.low <= own.point - rest.point <= own.high
        return is_within or rest.low <= 0 <= rest.high


def total(parts: Mapping[str, Sampled]) -> Sampled:
    """The sum of the parts, of which there must be one."""
    return reduce(Sampled.__add__, parts.values())


@dataclass(frozen=True, slots=True)
class Share:
    """How many of one rung's cases add up, and how many of those with parts from elsewhere do so with these."""

    rung: str
    cases: int
    adding: int
    elsewhere: int
    additive: int


def shares(found: Sequence[Decomposition]) -> list[Share]:
    """By rung, in the order of the cases."""
    rungs: dict[str, list[Decomposition]] = {}
    for one in found:
        rungs.setdefault(one.case.rung, []).append(one)
    return [
        Share(rung, len(own), sum(d.adds_up for d in own), len(known), sum(known))
        for rung, own in rungs.items()
        for known in [[d.is_additive for d in own if d.is_additive is not None]]
    ]


def decompose(panels: Sequence[PairedPanel], kin: Kinship) -> list[Decomposition]:
    """Every single call that has a far side, in the order of the panels; raises ResultsError without NOTHING.

    Within a panel differences are paired in each process. What is known from another panel, as the dispatch is, comes
    from other processes: its draws are independent.
    """
    nothing = {panel.group: panel for panel in panels if panel.kernel == NOTHING}
    if not nothing:
        raise ResultsError(f"no decomposition without {NOTHING}: measure it, too, in the same run")
    found = (
        _decompose(panel, _alike(panels, panel, kin), nothing[panel.group], kin, case)
        for panel in panels if panel.group in nothing
        for case in panel.cases.values() if case.strategy == "per_call" and panel.boundaries(case)
    )  # fmt: skip
    return [one for one in found if one is not None]


def _alike(panels: Sequence[PairedPanel], panel: PairedPanel, kin: Kinship) -> PairedPanel | None:
    wanted = (panel.group, kin.alike.get(panel.kernel))
    return next((other for other in panels if (other.group, other.kernel) == wanted), None)


def _decompose(
    panel: PairedPanel, alike: PairedPanel | None, nothing: PairedPanel, kin: Kinship, case: Case
) -> Decomposition | None:
    own = Ladder(panel, panel, nothing, kin, case)
    parts = own.parts()
    if not parts:
        return None
    other = Ladder(panel, alike or panel, nothing, kin, case, is_elsewhere=True)
    elsewhere = other.parts()
    whole = panel.sampled(panel.calls(case))
    return Decomposition(case, panel.group, whole, parts, None if case.id in other.used or not elsewhere else elsewhere)
