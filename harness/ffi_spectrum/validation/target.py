"""A target of the harness: a figure, its bound, and whether it is met; or why there is no figure here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Target:
    """`figure` must lie in [low, high], in `unit`; `detail` says on what it rests.

    Without a figure the target is unavailable on this machine, neither met nor missed, and `detail` is the reason.
    """

    target: str
    figure: float | None
    unit: str
    low: float | None
    high: float | None
    detail: str = ""

    @property
    def state(self) -> Literal["met", "missed", "unavailable"]:
        if self.figure is None:
            return "unavailable"
        is_high_enough = self.low is None or self.figure >= self.low
        return "met" if is_high_enough and (self.high is None or self.figure <= self.high) else "missed"

    @property
    def bound(self) -> str:
        if self.low is not None and self.high is not None:
            return f"{self.low:g} to {self.high:g}"
        return f">= {self.low:g}" if self.low is not None else f"<= {self.high:g}"

    def to_json(self) -> dict[str, Any]:
        """The row of `validate --json`; "figure" and "met" are null where the target is unavailable."""
        return {
            "target": self.target, "figure": self.figure, "unit": self.unit, "bound": self.bound,
            "state": self.state, "met": None if self.figure is None else self.state == "met", "detail": self.detail,
        }  # fmt: skip


def at_most(target: str, figure: float | None, unit: str, bound: float, detail: str = "") -> Target:
    """A target with an upper bound."""
    return Target(target, figure, unit, None, bound, detail)


def at_least(target: str, figure: float | None, unit: str, bound: float, detail: str = "") -> Target:
    """A target with a lower bound."""
    return Target(target, figure, unit, bound, None, detail)
