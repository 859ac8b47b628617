"""The cost model as tables: what one call, a payload and work cost, and from where on another rung wins."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from ffi_spectrum.analysis.advantage import SHARES, Advantage, gil_costs, native_work, work_at_share
from ffi_spectrum.analysis.break_even import Wins, where_doubled
from ffi_spectrum.analysis.curve import Curve
from ffi_spectrum.analysis.model import ARGS, PAYLOAD, WORK, Way, longest
from ffi_spectrum.analysis.resample import Sampled
from ffi_spectrum.case import FORMS, Case
from ffi_spectrum.report import amounts
from ffi_spectrum.report.numbers import NOTHING
from ffi_spectrum.report.remote import Sheet

LEGEND = (
    "empty call: noop. GIL: what releasing it and taking it back adds, from the rung that is the same but "
    "for that. argument: what each scalar, and its addition, adds, over so many of them. result: what is left of a "
    "call that takes one number and hands it back.",
    "first byte: a payload of one byte (ends, which looks at two). n_1/2: the payload that costs as much to carry as "
    "the call does without; never: it costs nothing, so nothing is copied. A row per straight piece of the curve.",
    "step: one step of spin, about five cycles; there: in the far-side loop. 50 %, 10 %, 1 %: from which work per call "
    "on the boundary takes less than that of the time. Work is given as the time that a C loop takes for it.",
)
BREAK_EVEN_LEGEND = (
    "Where the rung of the row is cheaper. payload: of how many bytes. calls: of how many calls of noop, all made by "
    "one of its crossings, against single calls. work: of how much work per call. ≥: from there on. ≤: up to there.",
    "always, never: within what was measured. beyond: not there, but the two come closer. equal: within 1 ns or 1 %. "
    "?: the fit is off there. -: not measured. Of a rung's variants the cheapest is shown.",
)
INTERVALS = (
    "After ± stands the larger half of the 95 % interval (processes drawn again 400 times). Curves are at most four "
    "straight lines, their number chosen by the Bayesian criterion; nothing is extrapolated."
)


def model_sheets(ways: Sequence[Way], twins: Mapping[str, str], rungs: Collection[str]) -> Iterator[Sheet]:
    """The tables of all rungs, or of those named; tables without rows are left out."""
    shown = [way for way in ways if way.case.strategy == "per_call" and (not rungs or way.case.rung in rungs)]
    gils = gil_costs(ways, twins)
    native = native_work(ways)
    calls = [_call_row(way, gils) for way in shown if way.nothing is not None]
    yield Sheet("one call", ("rung", "empty call", "GIL", "result", "argument", "of"), tuple(calls), 1)
    for form in FORMS:
        rows = [
            row for way in shown if way.case.form == form and way.payload for row in _payload_rows(way, way.payload)
        ]
        headers = ("rung", "placement", "first byte", "n_1/2", "bytes", "GB/s")
        yield Sheet(f"payload, {form}", headers, tuple(rows), 2)
    shares = tuple(f"{share:.0%}".replace("%", " %") for share in SHARES)
    rows = [
        (way.case.way, _step(way.work), _step(way.far_work),
         *(_from(work_at_share(way, native, share), amounts.span_of_time) for share in SHARES))
        for way in shown if way.work is not None
    ]  # fmt: skip
    yield Sheet("work", ("rung", "step", "there", *shares), tuple(rows), 1)
    if rungs:
        yield from _kernel_sheets(shown)
    yield Sheet("lack of fit", ("rung", "sweep", "at", "off", "noise"), tuple(_lack_rows(shown)), 2)


def _call_row(way: Way, gils: Mapping[Case, Sampled]) -> tuple[str, ...]:
    over = NOTHING
    if way.arguments is not None:
        line = longest(way.arguments)
        over = f"{line.low:g} to {line.high:g}"
    empty = amounts.time(way.nothing.call if way.nothing else None)
    gil = amounts.time(gils.get(way.case))
    return (way.case.way, empty, gil, amounts.time(way.result), amounts.time(way.per_argument), over)


def _payload_rows(way: Way, curve: Curve) -> Iterator[tuple[str, ...]]:
    doubled = where_doubled(curve)
    first = (way.case.way, way.case.placement, amounts.time(curve.read(curve.low)))
    half = _from(doubled, amounts.payload)
    lines = [line for line in curve.lines if line.points > 2] if doubled.verdict == "somewhere" else []
    if not lines:
        yield (*first, half, f"{amounts.nbytes(curve.low)} to {amounts.nbytes(curve.high)}", NOTHING)
    for index, line in enumerate(lines):
        bytes_ = f"{amounts.nbytes(line.low)} to {amounts.nbytes(line.high)}"
        yield (*((*first, half) if index == 0 else ("", "", "", "")), bytes_, amounts.bandwidth(line.slope))


def _from(wins: Wins | None, text: amounts.Text) -> str:
    """A cell of a column that says "from" already."""
    return amounts.cell(wins, text).replace("≥", "")


def _step(curve: Curve | None) -> str:
    return NOTHING if curve is None else amounts.time(longest(curve).slope)


def _kernel_sheets(ways: Iterable[Way]) -> Iterator[Sheet]:
    headers = ("kernel", "rung", "placement", "least", "operations", "per operation")
    chosen = list(ways)
    for form in FORMS:
        rows = [
            (kernel, way.case.way, way.case.placement, amounts.time(curve.read(curve.low)),
             f"{line.low:,.0f} to {line.high:,.0f}", amounts.time(line.slope))
            for way in chosen if way.case.form == form
            for kernel, curve in way.kernels.items() for line in curve.lines
        ]  # fmt: skip
        yield Sheet(f"kernels, {form}", headers, tuple(sorted(rows, key=lambda row: row[0])), 3)


def _lack_rows(ways: Iterable[Way]) -> Iterator[tuple[str, ...]]:
    for way in ways:
        for sweep, curve in ((ARGS, way.arguments), (PAYLOAD, way.payload), (WORK, way.work)):
            place = f" {way.case.form} {way.case.placement}" if sweep == PAYLOAD else ""
            for lack in curve.lacks if curve else ():
                yield (
                    f"{way.case.way}{place}",
                    sweep,
                    f"{lack.at:,.0f}",
                    f"{lack.error:.1%}",
                    f"{lack.noise:.1%}",
                )


def break_even_sheets(found: Iterable[Advantage], rungs: Sequence[str]) -> Iterator[Sheet]:
    """A table for each of `rungs`: where every other one is cheaper, called from host memory."""
    everything = list(found)
    order = list(dict.fromkeys(one.mine.rung for one in everything))
    everything.sort(key=lambda one: (order.index(one.other.rung), one.other.placement == "guest"))
    for rung in rungs:
        rows: dict[str, dict[str, str]] = {}
        for one in everything:
            if one.mine.rung != rung or one.other.rung == rung or one.mine.placement == "guest":
                continue
            cells = rows.setdefault(_choice(one.other), {})
            texts = {
                f"payload {one.mine.form}": amounts.cell(one.payload, amounts.payload),
                "calls": amounts.cell(one.calls, amounts.calls),
                "work": amounts.cell(one.work, amounts.span_of_time),
            }
            cells |= {name: text for name, text in texts.items() if text != NOTHING and name not in cells}
        columns = ("payload prebound", "payload fresh", "calls", "work")
        table = tuple(
            (other, *(cells.get(name, NOTHING) for name in columns)) for other, cells in rows.items() if cells
        )
        yield Sheet(f"{rung}: where another rung wins", ("rung", *columns), table, 1)


def _choice(case: Case) -> str:
    return f"{case.rung} guest" if case.placement == "guest" else case.rung


def cheapest_variants(ways: Iterable[Way]) -> list[Way]:
    """Of the variants of a rung in one form and placement the one whose smallest payload takes least time."""
    best: dict[Case, Way] = {}
    for way in ways:
        key = replace(way.case, variant="")
        rival = best.get(key)
        if rival is None or (way.payload and rival.payload and way.payload.values[0] < rival.payload.values[0]):
            best[key] = way
    return list(best.values())
