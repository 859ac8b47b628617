"""Parts of calls for programs: what `parts --json` prints. Numbers with an interval are [point, low, high], in ns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ffi_spectrum.analysis.decomposition import Decomposition
from ffi_spectrum.analysis.interval import Interval
from ffi_spectrum.analysis.resample import Sampled
from ffi_spectrum.analysis.transition import Comparison, Transition
from ffi_spectrum.case import Case


def decomposition_json(one: Decomposition) -> dict[str, Any]:
    return {
        "kind": "decomposition", **names_of(one.case), "panel_group": one.panel_group,
        "whole_ns": sampled(one.whole), "parts_ns": _parts(one.parts), "residual_ns": sampled(one.residual),
        "adds_up": one.adds_up, "elsewhere_ns": None if one.elsewhere is None else _parts(one.elsewhere),
        "interaction_ns": None if one.interaction is None else sampled(one.interaction),
        "is_additive": one.is_additive,
    }  # fmt: skip


def transition_json(one: Transition) -> dict[str, Any]:
    return {
        "kind": "transition", **names_of(one.case), "held": one.held.id, "transition_ns": numbers(one.interval),
        "processes": one.processes,
    }  # fmt: skip


def comparison_json(one: Comparison) -> dict[str, Any]:
    judgement = one.judgement
    return {
        "kind": "comparison", "left": one.left.id, "right": one.right.id,
        "difference_ns": numbers(judgement.interval), "margin_ns": judgement.margin_ns, "p_value": judgement.p_value,
        "likeness": one.likeness,
    }  # fmt: skip


def names_of(case: Case) -> dict[str, Any]:
    """The axes of a case, by name."""
    return {
        "id": case.id, "kernel": case.kernel, "size": case.size, "rung": case.rung, "variant": case.variant,
        "form": case.form, "placement": case.placement, "strategy": case.strategy, "params": dict(case.params),
    }  # fmt: skip


def sampled(number: Sampled) -> list[float]:
    return numbers(number.interval)


def numbers(interval: Interval) -> list[float]:
    return [interval.point, interval.low, interval.high]


def _parts(parts: Mapping[str, Sampled]) -> dict[str, list[float]]:
    return {name: sampled(part) for name, part in parts.items()}
