"""Which cases of a results file are shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ffi_spectrum.analysis.estimate import Estimate
from ffi_spectrum.errors import UsageError


@dataclass(frozen=True, slots=True)
class Selection:
    """The filters of `show` and `report`; an empty one means everything."""

    kernels: tuple[str, ...] = ()
    forms: tuple[str, ...] = ()
    rungs: tuple[str, ...] = ()

    def of(self, estimates: Sequence[Estimate], path: Path) -> list[Estimate]:
        """The estimates that pass every filter, in order.

        Raises UsageError for a name that `path`, where they come from, does not have, and where none is left.
        """
        chosen = list(estimates)
        for axis, wanted in (("kernel", self.kernels), ("form", self.forms), ("rung", self.rungs)):
            present = list(dict.fromkeys(getattr(estimate, axis) for estimate in estimates))
            unknown = [name for name in wanted if name not in present]
            if unknown:
                raise UsageError(f"{path} has no {axis} {unknown[0]!r}; it has {', '.join(present)}")
            chosen = [estimate for estimate in chosen if not wanted or getattr(estimate, axis) in wanted]
        if not chosen:
            raise UsageError(f"{path} has no case that fits every filter; drop one of them")
        return chosen
