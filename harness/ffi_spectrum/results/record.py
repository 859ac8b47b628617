"""The lines of a results file: raw times as measured, never adjusted.

A file is JSON lines. The first is a RunRecord; every other line is a ProcessRecord (appended when that process ended),
a CaseRecord (a case that could not be measured, with its reason) or a ProofRecord (calls counted on the far side).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from ffi_spectrum.case import Case, Status
from ffi_spectrum.results.device.sample import DeviceSample
from ffi_spectrum.results.latency import Latency

SCHEMA = 1
# How times become estimates; results of different policies are never compared.
OVERHEAD_POLICY = (
    "empty loop subtracted per round, disturbed rounds left out; far side from blocks of N calls and of one"
)


@dataclass(frozen=True, slots=True)
class Series:
    """Blocks of one thing in one process.

    Each block ran `iterations` calls and took `elapsed_ns[i]` nanoseconds in round `rounds[i]`.
    """

    iterations: int
    rounds: list[int]
    elapsed_ns: list[int]


@dataclass(frozen=True, slots=True)
class CaseSeries:
    """The blocks of one case; `far` names the far-side series it is paired with ("" where there is no far side)."""

    case: Case
    series: Series
    far: str = ""


def group_of(panel: str) -> str:
    """The group in a panel's id, which is group/kernel/size."""
    return panel.partition("/")[0]


@dataclass(frozen=True, slots=True)
class ProcessRecord:
    """One worker process: its cases, far-side loops and controls, by round.

    A far-side series counts calls on the far side: each block crossed once. `far_once` is the same entry asked for a
    single call, in a loop of the near side. Keys are the rung's name, and the rung's and the variant's for the floor,
    whose cases' own series are its `far_once`.

    `controls` has "empty" (a loop around nothing), "python_call" (a Python function that takes the kernel's arguments
    and does nothing), "duplicate" (the first case again, in a code object of its own) and "thermometer" (a fixed C
    loop). `disturbed` names the rounds in which the process was interrupted; they were measured again, and are left out
    of estimates unless there are no others.

    Where far sides are other processes: `parts` holds pieces of a call that were run alone ("serialise", "copy"), by
    case id; `latencies` single calls, by case id ("empty": nothing but the clock); and `controls` the "cache_line"
    (round trips of one line between the two CPUs), "ring_c" (of the ring between two C programs) and "memcpy", each a
    far-side series.

    Where the far side is a device: `parts` holds a path's launches behind a stream that is held back ("held") and the
    same call of a C function that does nothing ("nothing"); `controls` the C loop of launches, held as well ("enqueue",
    with the number of noop's arguments) and the loop's entry for no launch ("launch_entry"); `device` single launches
    on an idle device.
    """

    panel: str
    process: int
    seed: int
    cases: list[CaseSeries]
    far: dict[str, Series]
    far_once: dict[str, Series]
    controls: dict[str, Series]
    disturbed: list[int] = field(default_factory=list)
    parts: dict[str, dict[str, Series]] = field(default_factory=dict)
    latencies: dict[str, Latency] = field(default_factory=dict)
    device: DeviceSample | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    kind: Literal["process"] = "process"

    @property
    def group(self) -> str:
        """The group of its panel."""
        return group_of(self.panel)


@dataclass(frozen=True, slots=True)
class CaseRecord:
    """A case without measurements, and the reason; a "failed" one may have some from other processes."""

    case: Case
    status: Status
    reason: str
    panel: str
    kind: Literal["case"] = "case"


@dataclass(frozen=True, slots=True)
class ProofRecord:
    """`calls` calls of the case entered the kernel `counted` times, and so did the far-side loop's."""

    case: Case
    calls: int
    counted: int
    far_calls: int
    far_counted: int
    kind: Literal["proof"] = "proof"


@dataclass(frozen=True, slots=True)
class RunRecord:
    """The run: what was planned, on what machine, with which artifacts."""

    plan: dict[str, Any]
    plan_sha256: str
    library_sha256: str
    fingerprint: dict[str, Any]
    artifacts: dict[str, dict[str, Any]]
    created: str
    version: str
    schema: int = SCHEMA
    overhead_policy: str = OVERHEAD_POLICY
    kind: Literal["run"] = "run"


Record = ProcessRecord | CaseRecord | ProofRecord
