"""Targets under load: with busy neighbours a verdict may stay open, and is never wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import fmean

from ffi_spectrum.analysis.difference import MARGIN_NS, differences, settled
from ffi_spectrum.analysis.gate import disturbed_share
from ffi_spectrum.analysis.verdict import Verdict, judge_table
from ffi_spectrum.results.sample import Sample
from ffi_spectrum.validation.live import STEPS, run_to_run, sample_for
from ffi_spectrum.validation.neighbour import at_work, beside, everywhere
from ffi_spectrum.validation.pool import identical_columns
from ffi_spectrum.validation.subjects import Subjects
from ffi_spectrum.validation.target import Target, at_least, at_most

# Verdicts are taken from groups of so many processes: the first look of the stopping rule.
GROUP = 12
RUN_TO_RUN_BOUND_NS = 0.5
# With two busy processes on the CPU, fair turns leave a third: a result that rests on such processes says so.
WAITED_BOUND_PERCENT = 50
BESIDE, EVERYWHERE = "other CPUs busy: ", "all CPUs busy: "


def interference(subjects: Subjects, seconds: float, seed: int) -> Iterator[Target]:
    """Identical code and a known delay, each for `seconds` and under each of two loads."""
    for name, neighbours in ((BESIDE, beside()), (EVERYWHERE, everywhere())):
        with at_work(neighbours):
            twins = sample_for(subjects.identical(), seconds, seed)
            delays = sample_for([subjects.delay(count) for count in (0, *STEPS)], seconds, seed + 1)
        yield wrong_on_identical(name, twins)
        yield wrong_on_delay(name, delays)
        if name == EVERYWHERE:
            yield _told(name, twins)


def run_to_run_beside(subjects: Subjects, seconds: float, runs: int, seed: int) -> Target:
    """The range of the pair's difference while the other CPUs are busy."""
    with at_work(beside()):
        return run_to_run(subjects, seconds, RUN_TO_RUN_BOUND_NS, runs, seed, BESIDE)


def wrong_on_identical(name: str, samples: Sequence[Sample]) -> Target:
    """How many groups of processes of `Subjects.identical` call identical code FASTER or SLOWER."""
    verdicts = _verdicts([identical_columns(group) for group in _groups(samples)], MARGIN_NS)
    return _never(f"{name}A/A wrong verdicts", verdicts["FASTER"] + verdicts["SLOWER"], verdicts, samples)


def wrong_on_delay(name: str, samples: Sequence[Sample]) -> Target:
    """How many groups call a delay FASTER than none, no margin helping them; call 0 is without delay."""
    steps = range(1, len(STEPS) + 1)
    verdicts = _verdicts([{f"{i}": differences(group, i, 0) for i in steps} for group in _groups(samples)], 0.0)
    return _never(f"{name}known delay, wrong signs", verdicts["FASTER"], verdicts, samples)


def _verdicts(tables: Sequence[Mapping[str, Sequence[float]]], margin_ns: float) -> Counter[Verdict]:
    """Verdicts of all rows, each table corrected for its length as a user's would be."""
    rows = [{name: (values, margin_ns) for name, values in table.items()} for table in tables]
    return Counter(judgement.verdict for table in rows for judgement in judge_table(table).values())


def _groups(samples: Sequence[Sample]) -> list[list[Sample]]:
    """Whole groups alone: the processes that are left over at the end would be too few for a verdict."""
    return [settled(samples[i : i + GROUP]) for i in range(0, len(samples) - GROUP + 1, GROUP)]


def _never(name: str, wrong: int, verdicts: Counter[Verdict], samples: Sequence[Sample]) -> Target:
    said = ", ".join(f"{count} {verdict}" for verdict, count in sorted(verdicts.items()))
    detail = f"{said or 'too few processes for a verdict'}; {_load_of(samples)}"
    return at_most(name, wrong if verdicts else None, f"of {verdicts.total()}", 0, detail)


def _load_of(samples: Sequence[Sample]) -> str:
    disturbed = 100 * disturbed_share(samples)
    return f"waited {_waited(samples):.0f} % of the time, {disturbed:.0f} % of the rounds disturbed"


def _waited(samples: Sequence[Sample]) -> float:
    return 100 * fmean(sample.waited_share for sample in samples)


def _told(name: str, samples: Sequence[Sample]) -> Target:
    target = f"{name}waiting for the CPU is told"
    if not Path("/proc/self/schedstat").exists():
        reason = "this system does not say how long a process waits"
        return at_least(target, None, "%", WAITED_BOUND_PERCENT, reason)
    return at_least(target, _waited(samples), "%", WAITED_BOUND_PERCENT, f"{len(samples)} processes")
