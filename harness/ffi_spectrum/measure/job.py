"""What a worker process is told: one JSON document on its standard input."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from ffi_spectrum.case import Case
from ffi_spectrum.toolchain.artifact import Artifact


@dataclass(frozen=True, slots=True)
class Job:
    """One process of one panel.

    `mode` "measure" times the cases, "prove" counts calls in the counting build and times nothing. `marker` is a
    file of four bytes in which the worker keeps the index of the case it is at. `cpu` is where to pin the process
    (-1: nowhere). Single calls to another process are timed for `latency_ns` a case. A worker that outlives
    `deadline_s` by far ends itself, should nobody be left to end it.
    """

    mode: Literal["measure", "prove"]
    panel: str
    process: int
    seed: int
    kernel: str
    size: int
    cases: tuple[Case, ...]
    rounds: int
    block_ns: int
    latency_ns: int
    deadline_s: float
    marker: str
    cpu: int
    artifacts: dict[str, dict[str, Artifact]] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        row = asdict(self)
        row["artifacts"] = {
            rung: {name: artifact.to_json() for name, artifact in found.items()}
            for rung, found in self.artifacts.items()
        }
        return row

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> Job:
        fields = dict(row)
        fields["cases"] = tuple(
            Case(**{**case, "params": tuple((name, value) for name, value in case["params"])}) for case in row["cases"]
        )
        fields["artifacts"] = {
            rung: {name: Artifact.from_json(artifact) for name, artifact in found.items()}
            for rung, found in row["artifacts"].items()
        }
        return cls(**fields)
