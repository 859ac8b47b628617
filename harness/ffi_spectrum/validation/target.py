"""A target of the harness: a figure, its bound, and whether it is met."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Target:
    """`figure` must lie in [low, high], in `unit`; `detail` says on what it rests."""

    target: str
    figure: float
    unit: str
    low: float | None
    high: float | None
    detail: str = ""

    @property
    def is_met(self) -> bool:
        return (self.low is None or self.figure >= self.low) and (self.high is None or self.figure <= self.high)

    @property
    def bound(self) -> str:
        if self.low is not None and self.high is not None:
            return f"{self.low:g} to {self.high:g}"
        return f">= {self.low:g}" if self.low is not None else f"<= {self.high:g}"

    def to_json(self) -> dict[str, Any]:
        """The row of `validate --json`."""
        return {
            "target": self.target, "figure": self.figure, "unit": self.unit, "bound": self.bound, "met": self.is_met,
            "detail": self.detail,
        }  # fmt: skip


def at_most(target: str, figure: float, unit: str, bound: float, detail: str = "") -> Target:
    """A target with an upper bound."""
    return Target(target, figure, unit, None, bound, detail)


def at_least(target: str, figure: float, unit: str, bound: float, detail: str = "") -> Target:
    """A target with a lower bound."""
    return Target(target, figure, unit, bound, None, detail)
