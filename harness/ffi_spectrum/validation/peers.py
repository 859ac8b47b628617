"""The same pair by other tools and by this harness, in turns: who repeats, and who errs on identical code."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from statistics import fmean, median
from typing import Any

from ffi_spectrum.analysis.difference import differences
from ffi_spectrum.analysis.verdict import judge
from ffi_spectrum.errors import UsageError
from ffi_spectrum.validation.live import run_for, time_to
from ffi_spectrum.validation.peer_pyperf import Pyperf
from ffi_spectrum.validation.peer_pytest_benchmark import PytestBenchmark
from ffi_spectrum.validation.peer_reading import MEASURED, Reading, Tool
from ffi_spectrum.validation.subjects import Subjects

OURS = "ffi-spectrum"
SECONDS = 5.0
# How many times tighter than the best peer this harness must be.
RATIO_TARGET = 8.0
# Only a bound for reporting: three times as long, and the search for the narrow interval ends.
_TO_1NS_BOUND_S = 10.0


@dataclass(frozen=True, slots=True)
class ThisHarness:
    """This harness for `seconds`, stopping rule aside."""

    seconds: float
    name: str = OURS
    is_peer: bool = False
    to_1ns_by: str = MEASURED

    @property
    def settings(self) -> str:
        return f"{self.seconds:g} s"

    def read(self, subjects: Subjects, seed: int) -> Reading:
        """The pair; then identical code by the bare 5 % test, as for the peers, no margin helping it."""
        started = time.monotonic()
        found = differences(run_for(subjects.pair(), self.seconds, seed))
        wall_s = time.monotonic() - started
        twins = run_for(subjects.identical(), self.seconds, seed + 1)
        verdicts = [judge(differences(twins, index, index + 2), 0.0).verdict for index in (0, 1)]
        called = sum(verdict in ("FASTER", "SLOWER") for verdict in verdicts)
        seconds = time_to(subjects, 0.5, _TO_1NS_BOUND_S, seed + 2).figure
        return Reading(fmean(found), median(found), wall_s, called, len(verdicts), seconds)


@dataclass(frozen=True, slots=True)
class PeerRow:
    """One tool over all runs: the range and, bracketed in tables, the median of its differences in ns.

    `wall_s` and `to_1ns_s` are medians over runs; `to_1ns_by` says whether the latter is measured or extrapolated.
    """

    tool: str
    settings: str
    is_peer: bool
    mean_range_ns: float
    mean_ns: float
    median_range_ns: float
    median_ns: float
    wall_s: float
    aa_called: int
    aa_judged: int
    to_1ns_s: float | None
    to_1ns_by: str
    means_ns: tuple[float, ...]
    medians_ns: tuple[float, ...]

    @property
    def aa(self) -> str:
        """How often identical code was called different."""
        return f"{self.aa_called} of {self.aa_judged}" if self.aa_judged else "no test"


@dataclass(frozen=True, slots=True)
class PeerTable:
    """A row per tool; the last is this harness, by the median that it reports."""

    rows: tuple[PeerRow, ...]
    runs: int
    seed: int

    @property
    def best_peer_range_ns(self) -> float:
        """The smallest range of a peer at equal wall time, by its mean or its median."""
        return min(min(row.mean_range_ns, row.median_range_ns) for row in self.rows if row.is_peer)

    @property
    def ratio(self) -> float:
        """How many times tighter this harness repeats than the best peer."""
        own = self.rows[-1].median_range_ns
        return self.best_peer_range_ns / own if own else float("inf")

    def to_json(self) -> dict[str, Any]:
        """Rows with all runs' figures, and the ratio with its target; null for a ratio without bound."""
        return {
            "runs": self.runs, "seed": self.seed, "rows": [asdict(row) | {"aa": row.aa} for row in self.rows],
            "best_peer_range_ns": self.best_peer_range_ns,
            "ratio": self.ratio if self.ratio < float("inf") else None,
            "ratio_target": RATIO_TARGET, "met": self.ratio >= RATIO_TARGET,
        }  # fmt: skip


def compare_peers(
    subjects: Subjects,
    runs: int,
    seed: int,
    tell: Callable[[str], None],
    seconds: float = SECONDS,
    defaults: bool = False,
) -> PeerTable:
    """Measure the pair `runs` times by every tool, `seconds` a run; `tell` hears what runs next.

    pytest-benchmark runs at its own settings too, and with `defaults` pyperf does (40 s a run and more). Raises
    UsageError where a peer is not installed or fewer than two runs are asked for, MeasurementError where a tool fails.
    """
    if runs < 2 or not 0 < seconds < float("inf"):
        raise UsageError("a range needs at least 2 runs, of more than 0 s each")
    own = [Pyperf(None)] if defaults else []
    tools: list[Tool] = [
        Pyperf(seconds), *own, PytestBenchmark(seconds), PytestBenchmark(None), ThisHarness(seconds)
    ]  # fmt: skip
    return tabulate(tools, interleave(tools, subjects, runs, seed, tell), seed)


def interleave(
    tools: Sequence[Tool], subjects: Subjects, runs: int, seed: int, tell: Callable[[str], None]
) -> list[list[Reading]]:
    """Readings by tool, a list each; every run visits all tools, in an order of its own."""
    rng = random.Random(seed)
    readings: list[list[Reading]] = [[] for _ in tools]
    for run in range(runs):
        for index in rng.sample(range(len(tools)), len(tools)):
            tell(f"run {run + 1} of {runs}: {tools[index].name} ({tools[index].settings})")
            readings[index].append(tools[index].read(subjects, rng.getrandbits(32)))
    return readings


def tabulate(tools: Sequence[Tool], readings: Sequence[Sequence[Reading]], seed: int) -> PeerTable:
    """A row per tool from its readings, not empty."""
    rows = tuple(_row(tool, found) for tool, found in zip(tools, readings, strict=True))
    return PeerTable(rows, len(readings[0]), seed)


def _row(tool: Tool, found: Sequence[Reading]) -> PeerRow:
    means, medians = tuple(r.mean_ns for r in found), tuple(r.median_ns for r in found)
    seconds = [r.to_1ns_s for r in found if r.to_1ns_s is not None]
    return PeerRow(
        tool=tool.name, settings=tool.settings, is_peer=tool.is_peer,
        mean_range_ns=max(means) - min(means), mean_ns=median(means),
        median_range_ns=max(medians) - min(medians), median_ns=median(medians),
        wall_s=median(r.wall_s for r in found),
        aa_called=sum(r.aa_called for r in found), aa_judged=sum(r.aa_judged for r in found),
        to_1ns_s=median(seconds) if seconds else None, to_1ns_by=tool.to_1ns_by if seconds else "",
        means_ns=means, medians_ns=medians,
    )  # fmt: skip
