"""What a table of any format says: measured cases, grouped and turned into text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ffi_spectrum.analysis.estimate import IN_PROCESS, Estimate
from ffi_spectrum.report.numbers import NOTHING, half_width, ratio, scale_of
from ffi_spectrum.report.precision import imprecise_lines

# Semantics tier by rung: "unchecked", "type-checked" or "error-safe". Handed in, for a report knows no rung.
Checks = Mapping[str, str]

LEGEND = (
    "time per call: median over processes, net of the empty loop. boundary: that time less the far-side loop's, "
    "paired in each process. Intervals are 95 %.",
    "times floor, times Python call: ratios to a C loop that calls through a pointer, and to a Python function that "
    "takes the same arguments and does nothing. Compare rungs within one form and one kind of checks.",
)
OWN_ENTRY = "this project's own entry into the same runtime, which no user of wasmtime-py gets."
INTERPRETED_GUESTS = ("pywasm", "wasmtime_pulley")
INTERPRETED = (
    f"A negative boundary of an interpreted guest ({', '.join(INTERPRETED_GUESTS)}) means that the far-side loop, "
    "itself interpreted, costs more than the crossing."
)
PLUS_MINUS = "After ± stands the larger half of the 95 % interval."


def legend_of(estimates: Iterable[Estimate], is_compact: bool = False, has_ratios: bool = True) -> list[str]:
    """What a reader of these rows must know, a sentence or two each; nothing where nothing was measured."""
    measured = [estimate for estimate in estimates if estimate.status == "ok"]
    if not measured:
        return []
    lines = list(LEGEND if has_ratios else LEGEND[:1])
    if is_compact:
        lines.append(PLUS_MINUS)
    own = dict.fromkeys(estimate.rung for estimate in measured if estimate.rung.startswith("wasmtime_"))
    if own:
        lines.append(f"wasmtime is wasmtime-py as its manual shows. {', '.join(own)}: {OWN_ENTRY}")
    if any((estimate.boundary_ns or 0) < 0 for estimate in measured if estimate.rung in INTERPRETED_GUESTS):
        lines.append(INTERPRETED)
    return lines + imprecise_lines(measured)


@dataclass(frozen=True, slots=True)
class Quantity:
    """A time with its interval, as text: "12.3 ns", "12.1 to 12.5", "12.3 ±0.2 ns"."""

    time: str = NOTHING
    interval: str = NOTHING
    compact: str = NOTHING


@dataclass(frozen=True, slots=True)
class Row:
    """One measured case as text."""

    way: str
    placement: str
    checks: str
    call: Quantity
    boundary: Quantity
    to_floor: str
    to_python_call: str
    is_imprecise: bool


@dataclass(frozen=True, slots=True)
class Panel:
    """The measured cases of one kernel and size, by form."""

    title: str
    forms: Mapping[str, tuple[Row, ...]]


def way_of(estimate: Estimate) -> str:
    """The rung, with its variant, strategy and parameters where it has them."""
    way = f"{estimate.rung}.{estimate.variant}" if estimate.variant else estimate.rung
    if estimate.strategy != "per_call":
        way += f" {estimate.strategy}"
    # two processes are on two CPUs unless a row says something else
    shown = {name: value for name, value in estimate.params.items() if (name, value) != ("cores", 2)}
    return way + "".join(f" {name}={value}" for name, value in shown.items())


def panel_title(estimate: Estimate) -> str:
    """Kernel, size and, where it is not our own process, where the far side is."""
    title = f"{estimate.kernel}, size {estimate.size:,}" if estimate.size else estimate.kernel
    return title if estimate.panel_group == IN_PROCESS else f"{title}, {estimate.panel_group.replace('-', ' ')}"


def quantity(point: float | None, low: float | None, high: float | None) -> Quantity:
    if point is None:
        return Quantity()
    scale = scale_of(point, low, high)
    if low is None or high is None or point == low == high == 0:  # such a zero holds by definition
        return Quantity(scale.time(point), NOTHING, scale.time(point))
    spread = scale.number(half_width(point, low, high))
    return Quantity(
        scale.time(point),
        f"{scale.number(low)} to {scale.number(high)}",
        f"{scale.number(point)} ±{spread} {scale.unit}",
    )


def row_of(estimate: Estimate, checks: Checks) -> Row:
    return Row(
        way=way_of(estimate),
        placement=estimate.placement,
        checks=checks.get(estimate.rung, NOTHING),
        call=quantity(estimate.ns_per_call, estimate.ns_low, estimate.ns_high),
        boundary=quantity(estimate.boundary_ns, estimate.boundary_low, estimate.boundary_high),
        to_floor=ratio(estimate.ratio_to_floor),
        to_python_call=ratio(estimate.ratio_to_python_call),
        is_imprecise=estimate.is_imprecise,
    )


def panels_of(estimates: Iterable[Estimate], checks: Checks) -> list[Panel]:
    """The measured cases grouped by kernel and size, then by form, each in the order of the estimates."""
    found: dict[str, dict[str, list[Row]]] = {}
    for estimate in estimates:
        if estimate.status == "ok":
            found.setdefault(panel_title(estimate), {}).setdefault(estimate.form, []).append(row_of(estimate, checks))
    return [Panel(title, {form: tuple(rows) for form, rows in forms.items()}) for title, forms in found.items()]
