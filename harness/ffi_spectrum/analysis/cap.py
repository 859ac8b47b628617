"""Where a panel ends however wide its intervals are: at its plan's last look, or before its time is over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ffi_spectrum.results.record import ProcessRecord


@dataclass(frozen=True, slots=True)
class Cap:
    """The looks of a plan, and the seconds that a panel may take after the first of them (None: no matter)."""

    looks: tuple[int, ...]
    cap_s: float | None = None

    @classmethod
    def of(cls, plan: Mapping[str, Any]) -> Cap | None:
        """The cap of a plan as results files hold it; None where it had none, but a fixed number of processes."""
        profile = plan.get("profile", {})
        return cls(tuple(profile["looks"]), profile.get("cap_s")) if "looks" in profile else None

    def look(self, records: Sequence[ProcessRecord]) -> int:
        """The look that the panel's processes lead to, or have reached.

        Processes are numbered in the order of looks: one beyond a look was begun because that look did not stop.
        """
        begun = max((record.process + 1 for record in records), default=0)
        return next((look for look in self.looks if look >= begun), begun)

    def following(self, records: Sequence[ProcessRecord]) -> int:
        """The look after the one that the panel's processes have reached; the same where the cap forbids another."""
        reached = self.look(records)
        following = next((look for look in self.looks if look > reached), reached)
        elapsed_s = sum(record.facts.get("elapsed_ms", 0.0) for record in records) / 1000
        is_late = self.cap_s is not None and elapsed_s * following > self.cap_s * reached
        return reached if is_late else following

    def is_reached(self, records: Sequence[ProcessRecord]) -> bool:
        """True where the panel has been looked at, and may not go on."""
        reached = self.look(records)
        return len(records) >= reached == self.following(records)
