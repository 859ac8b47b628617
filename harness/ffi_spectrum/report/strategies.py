"""What one crossing for many calls saves, as tables: batches, recorded lists, fused kernels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ffi_spectrum.analysis.amortisation import Amortisation, Mixture
from ffi_spectrum.analysis.fusion import Fusion
from ffi_spectrum.analysis.resample import Sampled
from ffi_spectrum.report import amounts
from ffi_spectrum.report.numbers import NOTHING, scale_of
from ffi_spectrum.report.parts import name_of, number
from ffi_spectrum.report.remote import Sheet

LEGEND = (
    "First table: ns per call of the kernel, where one crossing makes 1, 10, ... of them, beside single calls and the "
    "far-side loop. half at: from how many calls on each takes half of a single one, between the sizes measured.",
    "Second table: crossing and item are the line t(N) = crossing / N + item through the first and the last N; own: "
    "item less the far-side loop, which calls through a pointer as lists do and batches do not. saved: per call, "
    "against single calls; line: by that line; model: by boundary / N + far, known before any batch was measured. off: "
    "the largest error of the line between its ends, as a part of the time: no line holds where batches outgrow a "
    "cache.",
)
MIXTURE_LEGEND = (
    "Half noop and half add, every result checked. far loops: the mean of both far-side loops. grouped: in the order "
    "that a recording chooses, kernel by kernel where buffers allow it. as recorded: shuffled, so that the processor "
    "cannot predict where the next call goes.",
)
FUSION_LEGEND = (
    "apart: the calls that the fused one replaces, one after the other. crossings: how much less the boundaries take. "
    "work: how much less the far sides take. model: the saving known before the fused kernel was measured: two empty "
    "calls, and the arguments that it does not take, each at the mean price of all.",
)


def strategy_sheets(found: Sequence[Amortisation]) -> Iterator[Sheet]:
    """Two tables for each kernel and size."""
    panels: dict[str, list[Amortisation]] = {}
    for one in found:
        size = f", size {one.case.size:,}" if one.case.size else ""
        panels.setdefault(f"{one.case.kernel}{size}", []).append(one)
    for title, rows in panels.items():
        calls = sorted({calls for one in rows for calls in one.times})
        headers = ("rung", "strategy", "single", *(f"{n:,}" for n in calls), "far loop", "half at")
        yield Sheet(f"{title}: ns per call", headers, tuple(_times(one, calls) for one in rows), 2)
        at = next((n for n in calls if n > 1), calls[-1])
        headers = ("rung", "strategy", "crossing", "item", "own", f"saved at {at}", "line", "model", "off")
        yield Sheet(f"{title}: what it saves", headers, tuple(_savings(one, at) for one in rows), 2)


def _times(one: Amortisation, calls: Sequence[int]) -> tuple[str, ...]:
    times = (_ns(one.times[n]) if n in one.times else "" for n in calls)
    return (name_of(one.case), one.case.strategy, _ns(one.single), *times, _ns(one.far), _calls(one))


def _calls(one: Amortisation) -> str:
    return amounts.cell(one.halved_at, amounts.calls).replace("≥", "")


def _savings(one: Amortisation, at: int) -> tuple[str, ...]:
    line = (_ns(one.crossing), _ns(one.item), _ns(one.own))
    if at not in one.times:
        return (name_of(one.case), one.case.strategy, *line, "", "", "", "")
    saved = (one.single - time for time in (one.times[at], one.on_line(at), one.predicted(at)))
    return (name_of(one.case), one.case.strategy, *line, *map(_ns, saved), f"{100 * one.largest_error:.0f} %")


def mixture_sheets(found: Sequence[Mixture]) -> Iterator[Sheet]:
    """What a shuffled list adds to the far-side loops; no table without one."""
    rows = tuple(
        (name_of(one.strategy), f"{one.calls:,}", "as recorded" if one.is_ordered else "grouped",
         *map(amounts.time, (one.item, one.far, one.added)))
        for one in found
    )  # fmt: skip
    if rows:
        headers = ("rung", "calls", "order", "per call", "far loops", "added")
        yield Sheet("A shuffled list, replayed by one crossing", headers, rows, 3)


def fusion_sheets(found: Sequence[Fusion]) -> Iterator[Sheet]:
    """A table for each fused kernel, size, form and placement."""
    panels: dict[str, list[Fusion]] = {}
    for one in found:
        case = one.case
        panels.setdefault(f"{case.kernel}, size {case.size:,}, {case.form}, {case.placement}", []).append(one)
    headers = ("rung", "apart", "fused", "saved", "crossings", "work", "model")
    for title, rows in panels.items():
        yield Sheet(f"{title}: fused", headers, tuple(map(_fusion, rows)), 1)


def _fusion(one: Fusion) -> tuple[str, ...]:
    parts = map(_plain, (one.saved_crossing, one.saved_work, one.predicted))
    return (name_of(one.case), _plain(one.apart), _plain(one.fused), amounts.time(one.saved), *parts)


def _plain(time: Sampled | None) -> str:
    """With its unit, and without an interval."""
    return NOTHING if time is None else scale_of(time.point).time(time.point)


def _ns(time: Sampled) -> str:
    """Two decimals for the nanosecond that a batched call takes."""
    return f"{time.point:.2f}" if abs(time.point) < 9.995 else number(time.point)
