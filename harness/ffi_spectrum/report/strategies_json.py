"""Strategies for programs: what `strategies --json` prints. Numbers with an interval are [point, low, high], in ns."""

from __future__ import annotations

from typing import Any

from ffi_spectrum.analysis.amortisation import Amortisation, Mixture
from ffi_spectrum.analysis.fusion import Fusion
from ffi_spectrum.report.parts_json import names_of, sampled


def amortisation_json(one: Amortisation) -> dict[str, Any]:
    """By number of calls per crossing: the time per call, as measured, by the line and by the model, and the saving."""
    rows = [
        {
            "calls": calls, "ns_per_call": sampled(time), "line_ns": sampled(one.on_line(calls)),
            "model_ns": sampled(one.predicted(calls)), "saved_ns": sampled(one.single - time),
            "saved_by_line_ns": sampled(one.single - one.on_line(calls)),
            "saved_by_model_ns": sampled(one.single - one.predicted(calls)),
        }
        for calls, time in one.times.items()
    ]  # fmt: skip
    return {
        "kind": "amortisation", **names_of(one.case), "single_ns": sampled(one.single),
        "far_side_ns": sampled(one.far), "crossing_ns": sampled(one.crossing), "item_ns": sampled(one.item),
        "own_ns": sampled(one.own), "halved_at": one.halved_at.to_json(), "largest_error": one.largest_error,
        "by_calls": rows,
    }  # fmt: skip


def mixture_json(one: Mixture) -> dict[str, Any]:
    return {
        "kind": "mixture", **names_of(one.case), "ns_per_call": sampled(one.item), "far_side_ns": sampled(one.far),
        "added_ns": sampled(one.added),
    }  # fmt: skip


def fusion_json(one: Fusion) -> dict[str, Any]:
    return {
        "kind": "fusion", **names_of(one.case), "apart_ns": sampled(one.apart), "fused_ns": sampled(one.fused),
        "saved_ns": sampled(one.saved), "saved_crossings_ns": sampled(one.saved_crossing),
        "saved_work_ns": sampled(one.saved_work),
        "saved_by_model_ns": None if one.predicted is None else sampled(one.predicted),
    }  # fmt: skip
