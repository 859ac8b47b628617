"""What a build hands to a rung: a file, and the facts recorded when it was made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Artifact:
    """A built file.

    `facts` has compiler, version, flags, target, build, seconds (of the cold build), nbytes, and `was_cached`.
    """

    path: Path
    facts: Mapping[str, Any]

    def to_json(self) -> dict[str, Any]:
        return {"path": str(self.path), "facts": dict(self.facts)}

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> Artifact:
        return cls(Path(row["path"]), row["facts"])
