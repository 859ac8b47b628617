"""Raw blocks of Python calls in one light process."""

from __future__ import annotations

from dataclasses import dataclass, field

from ffi_spectrum.results.record import Series

CONTROLS = ("empty", "noop", "duplicate", "thermometer")


@dataclass(frozen=True, slots=True)
class Sample:
    """One process: a series for each call, in the order in which they were given, and the controls.

    "noop" is a Python function with the first call's arguments, "duplicate" the first call again in a code object of
    its own, "thermometer" a fixed loop in C (CRC-32 of 4 KiB by zlib). `waited_share`: the part of its measuring time
    that the process stood in the queue for its CPU, from 0 to 1; 0 where no system says so.
    """

    seed: int
    calls: list[Series]
    controls: dict[str, Series]
    disturbed: list[int] = field(default_factory=list)
    is_pinned: bool = False
    elapsed_ns: int = 0
    waited_share: float = 0.0
