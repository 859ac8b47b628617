"""The parts of calls as tables, what the GIL costs in each rung, and whether parts add up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ffi_spectrum.analysis.decomposition import Decomposition, Share
from ffi_spectrum.analysis.estimate import IN_PROCESS
from ffi_spectrum.analysis.interval import Interval
from ffi_spectrum.analysis.ladder import PARTS
from ffi_spectrum.analysis.transition import MARGIN_NS, Comparison, Transition
from ffi_spectrum.case import Case
from ffi_spectrum.report.numbers import NOTHING, half_width
from ffi_spectrum.report.remote import Sheet
from ffi_spectrum.report.rows import quantity

# The part's word in a table's head, where its own is too wide for a hundred columns.
_HEADS = {"dispatch": "empty", "arguments": "args", "copying": "copies", "conversion": "convert"}
_CLOSED = "≠"
LEGEND = (
    "All times in ns per call: the whole as measured, and parts from pairs of cases that differ in one thing. work: "
    "the far-side loop. empty: noop, with the GIL held. args: the kernel's arguments and result instead of none, of "
    "prebound data that needs no copy (a pipe or a socket always copies: that is in args); with large data also what "
    "the loop has in its cache and single calls have not. "
    "types: declared argument types instead of none. copies: data in host memory instead of the far side's. convert: "
    "fresh instead of prebound. GIL: released instead of held; a rung without such a twin has it in empty. runtime: "
    "wasmtime-py instead of this project's own entry.",
    f"rest: the whole less all parts, with half of its interval; {_CLOSED} where that excludes zero, and the sum lies "
    "outside of the whole's interval. Within a kernel and size pairs are of the same processes; empty, and args "
    "against it, are of noop's processes. Intervals are 95 %, from 400 resamplings of the processes.",
)
SHARES_LEGEND = (
    "elsewhere: the same calls from parts that do without them: the GIL's part of the rung's simplest call, once per "
    "crossing, or all parts of a kernel with the same signature. These add up only if a part costs the same whatever "
    "stands beside it.",
)
TRANSITIONS_LEGEND = (
    f"The same: TOST, margin {MARGIN_NS:g} ns, with the 90 % interval of the median over processes; DIFFERENT by a "
    "sign test at 5 %, corrected within a kernel and size (Holm); UNRESOLVED is all else. Intervals shown are 95 %.",
)


def part_sheets(found: Sequence[Decomposition]) -> Iterator[Sheet]:
    """A table for each kernel, size, form and placement; rungs with memory of their own stand apart."""
    near = {one.case.rung for one in found if one.case.placement in ("guest", "shared")}
    groups: dict[tuple[str, bool], list[Decomposition]] = {}
    for one in found:
        groups.setdefault((_title(one), one.case.placement != "none" and one.case.rung in near), []).append(one)
    for (title, is_near), rows in groups.items():
        names = [name for name in PARTS if any(name in one.parts for one in rows)]
        headers = ("rung", "whole", *(_HEADS.get(name, name) for name in names), "rest", "±")
        beside = f", beside {_beside(rows)}" if is_near and rows[0].case.placement == "host" else ""
        yield Sheet(title + beside, headers, tuple(_row(one, names) for one in rows), 1)


def _beside(rows: Sequence[Decomposition]) -> str:
    return "the guest's memory" if rows[0].panel_group == IN_PROCESS else "shared memory"


def _title(one: Decomposition) -> str:
    case = one.case
    size = f", size {case.size:,}" if case.size else ""
    data = "" if case.placement == "none" else f", {case.form}, {case.placement}"
    group = "" if one.panel_group == IN_PROCESS else f", {one.panel_group.replace('-', ' ')}"
    return f"{case.kernel}{size}{data}{group}"


def _row(one: Decomposition, names: Sequence[str]) -> tuple[str, ...]:
    parts = (number(one.parts[name].point) if name in one.parts else NOTHING for name in names)
    rest = one.residual.interval
    mark = "" if one.adds_up else _CLOSED
    spread = number(half_width(rest.point, rest.low, rest.high))
    return (name_of(one.case), number(one.whole.point), *parts, mark + number(rest.point), spread)


def name_of(case: Case) -> str:
    """The rung with its variant, and where both processes share a CPU."""
    return case.way + "".join(f" {key}={value}" for key, value in case.params if (key, value) != ("cores", 2))


def number(ns: float) -> str:
    """Nanoseconds without their unit: one decimal below 100, none above."""
    text = f"{ns:,.1f}" if abs(ns) < 99.95 else f"{ns:,.0f}"
    return "0.0" if text == "-0.0" else text


def share_sheet(found: Sequence[Share]) -> Sheet:
    """Which share of each rung's calls adds up, and in all."""
    everything = Share("all", *(sum(getattr(s, name) for s in found) for name in Share.__slots__[1:]))
    headers = ("rung", "calls", "add up", "", "elsewhere", "add up", "")
    rows = [
        (s.rung, str(s.cases), str(s.adding), _percent(s.adding, s.cases),
         *((str(s.elsewhere), str(s.additive), _percent(s.additive, s.elsewhere)) if s.elsewhere else ("", "", "")))
        for s in (*found, everything)
    ]  # fmt: skip
    return Sheet("Do the parts add up?", headers, tuple(rows), 1)


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f} %"


def transition_sheets(found: Sequence[Transition], comparisons: Sequence[Comparison]) -> Iterator[Sheet]:
    """What the GIL costs by kernel in each rung's prebound call on data that needs no copy, and the comparisons."""
    cells: dict[tuple[str, int], dict[str, Interval]] = {}
    for one in found:
        case = one.case
        is_near = case.form == "prebound" and not (case.placement == "host" and _has_nearer(case, found))
        if is_near:
            cells.setdefault((case.kernel, case.size), {})[case.rung] = one.interval
    rungs = list(dict.fromkeys(rung for row in cells.values() for rung in row))
    rows = [(*_cell(key), *(_spread(row.get(rung)) for rung in rungs)) for key, row in cells.items()]
    yield Sheet("GIL: releasing it and taking it back", ("kernel", "size", *rungs), tuple(rows), 1)
    compared = [
        (*_cell((c.left.kernel, c.left.size)), c.left.rung, c.right.rung, _spread(c.judgement.interval), c.likeness)
        for c in comparisons
    ]
    headers = ("kernel", "size", "of", "less that of", "difference", "")
    yield Sheet("GIL: is it the same?", headers, tuple(compared), 1)


def _has_nearer(case: Case, found: Sequence[Transition]) -> bool:
    own = (case.kernel, case.size, case.rung, "prebound")
    return any(
        (o.kernel, o.size, o.rung, o.form) == own and o.placement in ("guest", "shared")
        for o in (one.case for one in found)
    )


def _cell(key: tuple[str, int]) -> tuple[str, str]:
    return key[0], f"{key[1]:,}" if key[1] else ""


def _spread(interval: Interval | None) -> str:
    return NOTHING if interval is None else quantity(interval.point, interval.low, interval.high).compact
