"""What one run of one tool says of the pair."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from ffi_spectrum.validation.subjects import Subjects

MEASURED = "measured"
EXTRAPOLATED = "extrapolated"


@dataclass(frozen=True, slots=True)
class Reading:
    """The difference within the pair in nanoseconds per call, by mean and by median, and what it took.

    `aa_called` of `aa_judged` pairs of identical code were called different; both are 0 for a tool that has no test.
    `to_1ns_s`: seconds to an interval 1 ns wide; None where the tool says nothing of its error.
    """

    mean_ns: float
    median_ns: float
    wall_s: float
    aa_called: int = 0
    aa_judged: int = 0
    to_1ns_s: float | None = None


class Tool(Protocol):
    """A tool under its settings; `to_1ns_by` is MEASURED, EXTRAPOLATED, or empty."""

    @property
    def name(self) -> str: ...
    @property
    def settings(self) -> str: ...
    @property
    def is_peer(self) -> bool:
        """Whether it is another's tool at the same wall time: what this harness is held against."""
        ...

    @property
    def to_1ns_by(self) -> str: ...
    def read(self, subjects: Subjects, seed: int) -> Reading:
        """Measure once. Raises MeasurementError where the tool fails."""
        ...
