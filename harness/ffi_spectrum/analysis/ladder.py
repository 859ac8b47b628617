"""From the call of a kernel that does nothing to one case: a step for each thing that is changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from ffi_spectrum.analysis.paired import PairedPanel
from ffi_spectrum.analysis.resample import Sampled
from ffi_spectrum.case import Case, Placement

# In the order in which a call is built up.
PARTS = ("work", "dispatch", "arguments", "types", "copying", "conversion", "GIL", "runtime")
# Where a rung has another placement than its caller's own memory, nothing is copied there.
_NEAR: tuple[Placement, ...] = ("guest", "shared", "none", "host")


@dataclass(frozen=True, slots=True)
class Kinship:
    """Which rungs and kernels differ in one thing.

    `held`: for a rung that releases the GIL the one that is the same but holds it. `untyped`: for a rung with declared
    argument types the one without. `fast`: for a rung behind another project's runtime the one that enters the same
    engine by our own code and does the same with the GIL. `alike`: for a scalar kernel another one with the same
    signature. `crossings`: how many calls into the far side one call of a case makes.
    """

    held: Mapping[str, str] = field(default_factory=dict)
    untyped: Mapping[str, str] = field(default_factory=dict)
    fast: Mapping[str, str] = field(default_factory=dict)
    alike: Mapping[str, str] = field(default_factory=dict)
    crossings: Callable[[Case], int] = lambda case: 1


@dataclass(slots=True)
class Ladder:
    """The steps to `case` of `panel`, measured in `source`, but for the first: the dispatch, which is `nothing`'s call.

    `used` has the ids of all cases that a step was measured on. With `is_elsewhere` the GIL's step is that of the
    rung's simplest call, once for each crossing; else that of the very form and placement of the case.
    """

    panel: PairedPanel
    source: PairedPanel
    nothing: PairedPanel
    kin: Kinship
    case: Case
    is_elsewhere: bool = False
    used: set[str] = field(default_factory=set)

    def parts(self) -> dict[str, Sampled]:
        """Nanoseconds by part, in the order of PARTS; empty where a step that every case needs was not measured."""
        found = dict(self._steps())
        return {name: found[name] for name in PARTS if name in found}

    def _steps(self) -> Iterator[tuple[str, Sampled]]:
        case, kin = self.case, self.kin
        released = kin.fast.get(case.rung, case.rung)  # the same without another project's runtime
        base = kin.held.get(released, released)  # and with the GIL held
        ground, dispatch = self._ground(base), self._dispatch(base)
        if ground is None or dispatch is None:
            return
        yield "work", self.panel.sampled(self.panel.works(case))
        yield "dispatch", dispatch
        if self.panel is not self.nothing:
            yield from self._arguments(ground, dispatch)
        yield from self._data(base, ground)
        if base != released:
            yield from self._gil(released, base, ground)
        if released != case.rung:
            yield from self._step("runtime", self._own(case.rung), self._own(released))

    def _arguments(self, ground: Case, dispatch: Sampled) -> Iterator[tuple[str, Sampled]]:
        arguments = self.source.sampled(self.source.boundaries(ground)) - dispatch
        self.used.add(ground.id)
        for typed, untyped in self.kin.untyped.items():
            if ground.rung in (typed, self.kin.held.get(typed)):
                for name, step in self._step("types", self._ground(typed), self._ground(untyped)):
                    arguments = arguments - step
                    yield name, step
        yield "arguments", arguments

    def _data(self, base: str, ground: Case) -> Iterator[tuple[str, Sampled]]:
        """Copying, from memory that the far side sees to the case's own, and then conversion."""
        placed = self._prebound(base, self.case.placement)
        if placed is not None and placed != ground:
            yield from self._step("copying", placed, ground)
        if self.case.form == "fresh":
            yield from self._step("conversion", self._own(base), placed)

    def _gil(self, released: str, base: str, ground: Case) -> Iterator[tuple[str, Sampled]]:
        if self.is_elsewhere:
            yield from self._step("GIL", self._ground(released), ground, self.kin.crossings(self.case))
        else:
            yield from self._step("GIL", self._own(released), self._own(base))

    def _step(self, name: str, left: Case | None, right: Case | None, times: int = 1) -> Iterator[tuple[str, Sampled]]:
        if left is None or right is None:
            return
        self.used |= {left.id, right.id}
        yield name, self.source.sampled(self.source.differences(left, right)).times(times)

    def _dispatch(self, base: str) -> Sampled | None:
        found = self.nothing.dispatch(replace(self.case, rung=base))
        if found is None:
            return None
        self.used.add(found.id)
        return self.nothing.sampled(self.nothing.boundaries(found))

    def _own(self, rung: str) -> Case | None:
        """The case of another rung that is the same otherwise."""
        return self.source.find(replace(self.case, rung=rung))

    def _ground(self, rung: str) -> Case | None:
        """The rung's simplest call: prebound, with nothing to copy."""
        return next((c for near in _NEAR if (c := self._prebound(rung, near)) is not None), None)

    def _prebound(self, rung: str, placement: Placement) -> Case | None:
        return next(self.source.prebound(replace(self.case, rung=rung, placement=placement)), None)
