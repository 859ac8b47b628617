"""Estimates with chosen numbers: what a report is shown, without any measurement."""

from __future__ import annotations

from typing import Any

from ffi_spectrum.analysis.estimate import Estimate
from ffi_spectrum.case import Case, Form, Placement, Status

CHECKS = {
    "floor": "unchecked",
    "ctypes": "type-checked",
    "cext": "error-safe",
    "pywasm": "error-safe",
    "python": "unchecked",
}


def estimate(
    rung: str = "ctypes",
    kernel: str = "saxpy",
    size: int = 4096,
    form: Form = "prebound",
    placement: Placement = "host",
    variant: str = "",
    status: Status = "ok",
    **values: Any,
) -> Estimate:
    """An estimate of 655 ns (650 to 658) with a boundary of 352 ns (348 to 360); `values` replaces any of it."""
    case = Case(kernel, size, rung, form, placement, variant)
    numbers: dict[str, Any] = {}
    if status == "ok":
        numbers = {
            "ns_per_call": 655.0, "ns_low": 650.0, "ns_high": 658.0, "far_side_ns": 303.0,
            "boundary_ns": 352.0, "boundary_low": 348.0, "boundary_high": 360.0,
            "ratio_to_floor": 2.22, "ratio_to_python_call": 31.1, "processes": 12,
        }  # fmt: skip
    return Estimate(
        id=case.id, kernel=kernel, size=size, rung=rung, variant=variant, form=form, placement=placement,
        strategy="per_call", params={}, status=status, **(numbers | values),
    )  # fmt: skip


def refused(rung: str, reason: str, status: Status = "unavailable", **axes: Any) -> Estimate:
    """A case without an estimate."""
    return estimate(rung, status=status, reason=reason, **axes)
