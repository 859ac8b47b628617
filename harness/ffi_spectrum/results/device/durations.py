"""Kernels of known length, launched in several ways."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Durations:
    """So many launches of a kernel that was asked to run for `duration_ns`, by path, all of them together.

    `each_ns`: waited for one by one; `row_ns`: with one wait at the end; `graph_ns`: replayed from a graph, and
    `dependent_ns` from one whose kernels are programmatic dependent launches: "early" lets the next kernel be scheduled
    before it waits for the one before it, "late" behind that wait (empty where the device has no such launches).

    `own_ns` is how long the kernel ran by the device's clock. `overlaps` counts kernels of a dependent graph that
    began before the one before them had ended, or did not run.
    """

    duration_ns: int
    launches: int
    each_ns: dict[str, list[int]]
    row_ns: dict[str, list[int]]
    graph_ns: list[int]
    dependent_ns: dict[str, list[int]] = field(default_factory=dict)
    own_ns: list[int] = field(default_factory=list)
    overlaps: int = 0
