"""The cost model for programs: what `model --json` prints."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ffi_spectrum.analysis.advantage import SHARES, Advantage, gil_costs, native_work, work_at_share
from ffi_spectrum.analysis.break_even import Wins, where_doubled
from ffi_spectrum.analysis.curve import Curve
from ffi_spectrum.analysis.model import Way
from ffi_spectrum.analysis.resample import Sampled
from ffi_spectrum.case import Case


def model_json(ways: Sequence[Way], twins: Mapping[str, str], found: Iterable[Advantage]) -> list[dict[str, Any]]:
    """An object per way: its costs, its curves, and where each other way of its form is cheaper.

    Numbers with an interval are [point, low, high]; times are nanoseconds, slopes nanoseconds per unit of the axis.
    """
    gils, native = gil_costs(ways, twins), native_work(ways)
    others: dict[Case, list[dict[str, Any]]] = {}
    for one in found:
        others.setdefault(one.mine, []).append(_advantage(one))
    return [_way(way, gils, native) | {"break_even": others.get(way.case, [])} for way in ways]


def _way(way: Way, gils: Mapping[Case, Sampled], native: Curve | None) -> dict[str, Any]:
    shares = {f"{share:g}": _wins(work_at_share(way, native, share)) for share in SHARES}
    return {
        **_names(way.case), "processes": way.processes,
        "empty_call_ns": _number(way.nothing.call if way.nothing else None), "gil_ns": _number(gils.get(way.case)),
        "result_ns": _number(way.result), "argument_ns": _number(way.per_argument),
        "arguments": _curve(way.arguments), "payload": _curve(way.payload),
        "n_half_bytes": _wins(where_doubled(way.payload) if way.payload else None),
        "work": _curve(way.work), "far_work": _curve(way.far_work), "boundary": _curve(way.boundary),
        "work_ns_at_share": shares,
        "kernels": {name: _curve(curve) for name, curve in way.kernels.items()},
    }  # fmt: skip


def _names(case: Case) -> dict[str, Any]:
    return {
        "rung": case.rung, "variant": case.variant, "form": case.form, "placement": case.placement,
        "strategy": case.strategy, "params": dict(case.params),
    }  # fmt: skip


def _advantage(one: Advantage) -> dict[str, Any]:
    return {
        "against": _names(one.other), "payload_bytes": _wins(one.payload), "calls": _wins(one.calls),
        "work_ns": _wins(one.work),
    }  # fmt: skip


def _number(number: Sampled | None) -> list[float] | None:
    if number is None:
        return None
    interval = number.interval
    return [interval.point, interval.low, interval.high]


def _wins(wins: Wins | None) -> dict[str, Any] | None:
    return None if wins is None else wins.to_json()


def _curve(curve: Curve | None) -> dict[str, Any] | None:
    """Nodes with their times, the lines between them, and where the curve must not be read."""
    if curve is None:
        return None
    return {
        "nodes": [[float(x), *(_number(curve.read(float(x))) or ())] for x in curve.nodes],
        "lines": [
            {"low": line.low, "high": line.high, "points": line.points, "slope": _number(line.slope)}
            for line in curve.lines
        ],
        "jumps": [list(jump) for jump in curve.jumps],
        "lacks": [{"at": lack.at, "error": lack.error, "noise": lack.noise} for lack in curve.lacks],
        "largest_residual": curve.worst,
    }
