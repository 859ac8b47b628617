"""Which way to choose: where each is cheaper than each other, and how much work hides a boundary."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations

from ffi_spectrum.analysis.break_even import Wins, calls_to_win, where_cheaper, where_exceeds
from ffi_spectrum.analysis.curve import Curve
from ffi_spectrum.analysis.estimate import FLOOR, FLOOR_SERIES
from ffi_spectrum.analysis.model import Way
from ffi_spectrum.analysis.resample import Sampled
from ffi_spectrum.case import Case

# Shares of a call that its boundary takes.
SHARES = (0.5, 0.1, 0.01)


@dataclass(frozen=True, slots=True)
class Advantage:
    """Where the way `other` is cheaper than `mine`: by bytes of payload, by calls that one of its crossings holds, by
    nanoseconds of work per call. None where that was not measured for both.
    """

    mine: Case
    other: Case
    payload: Wins | None
    calls: Wins | None
    work: Wins | None


def advantages(ways: Sequence[Way]) -> Iterator[Advantage]:
    """Every ordered pair of ways of one form in which calls are made one by one; the floor is none to choose."""
    native = native_work(ways)
    choices = [way for way in ways if way.case.strategy == "per_call" and way.case.rung != FLOOR]
    for mine, other in permutations(choices, 2):
        if mine.case.form != other.case.form:
            continue
        payload = where_cheaper(mine.payload, other.payload) if mine.payload and other.payload else None
        work = in_nanoseconds(where_cheaper(mine.work, other.work), native) if mine.work and other.work else None
        calls = _calls(mine, other)
        if payload or calls or work:
            yield Advantage(mine.case, other.case, payload, calls, work)


def _calls(mine: Way, other: Way) -> Wins | None:
    """From how many calls of noop in one crossing `other` beats single calls of `mine`."""
    one, many = mine.nothing, other.nothing
    if one is None or many is None or many.far is None or many.boundary is None:
        return None
    return calls_to_win(one.call, many.boundary, many.far, many.calls)


def native_work(ways: Sequence[Way]) -> Curve | None:
    """Nanoseconds that steps of work take in a C loop: the common measure of work."""
    return next((way.far_work for way in ways if way.case.way == FLOOR_SERIES), None)


def in_nanoseconds(wins: Wins, native: Curve | None) -> Wins | None:
    """Steps turned into the time that the C loop takes for them; None where that was not measured."""
    if native is None:
        return None
    return wins.mapped(lambda steps: native.read(min(max(steps, native.low), native.high)).point)


def work_at_share(way: Way, native: Curve | None, share: float) -> Wins | None:
    """From which work per call on, in nanoseconds of the C loop, the boundary takes less than `share` of a call.

    A boundary b beside work w takes b / (b + w), so w = b * (1 - share) / share. More work always gets there, so where
    nothing that was measured does, it lies outside.
    """
    if way.far_work is None or way.boundary is None:
        return None
    wins = where_exceeds(way.far_work, way.boundary, (1 - share) / share)
    return in_nanoseconds(Wins("outside") if wins.verdict in ("never", "equal") else wins, native)


def gil_costs(ways: Sequence[Way], twins: Mapping[str, str]) -> dict[Case, Sampled]:
    """What releasing the GIL and taking it back adds to an empty call, by way.

    `twins` names for a rung that releases it the one that is the same but for that.
    """
    empty = {way.case: way.nothing.call for way in ways if way.nothing is not None}
    held = {case.rung: call for case, call in empty.items() if case.strategy == "per_call"}
    return {case: call - held[twins[case.rung]] for case, call in empty.items() if twins.get(case.rung) in held}
