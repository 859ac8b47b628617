"""Targets that a pool of recorded processes decides."""

from __future__ import annotations

from collections.abc import Iterator

from ffi_spectrum.analysis.difference import MARGIN_NS
from ffi_spectrum.validation.pool import DIFFERENCE, IDENTICAL, Pool
from ffi_spectrum.validation.replay import Rate, coverage, false_positives, power, wrong_signs, wrong_verdicts
from ffi_spectrum.validation.target import Target, at_least, at_most

COMPARISONS = 2000
GATES = 800


def replayed_targets(pool: Pool, seed: int) -> Iterator[Target]:
    """A/A false positives, coverage, power and signs, by replays from `pool`."""
    source = f"{pool.processes} processes of {pool.created[:10]}"
    for level in IDENTICAL:
        rate = false_positives(pool.columns[level], COMPARISONS, seed)
        detail = f"{rate.hits} of {rate.count} replays ({rate.percent:.2f} %), {source}"
        yield at_most(f"A/A false positives at 5 %, {level}: 95 % upper bound", rate.upper_percent(), "%", 7, detail)
    wrong = [wrong_verdicts(pool.columns[level], MARGIN_NS, GATES, seed) for level in IDENTICAL]
    both = Rate(sum(rate.hits for rate in wrong), sum(rate.count for rate in wrong))
    yield at_most("A/A wrong verdicts with the default margin", both.hits, f"of {both.count}", 0, source)
    for name in (*IDENTICAL, DIFFERENCE):
        rate = coverage(pool.columns[name], COMPARISONS, seed)
        detail = f"{rate.count} replays, stopping rule included, {source}"
        yield Target(f"coverage of the 95 % interval, {name}", rate.percent, "%", 93, 97, detail)
    for shift_ns, seconds in ((1.0, 2.0), (0.3, 20.0)):
        processes = int(seconds * 1000 / pool.process_ms)
        found = power(pool.columns["rebuilt"], shift_ns, processes, COMPARISONS, seed)
        detail = f"{processes} processes of {pool.process_ms:.0f} ms"
        yield at_least(f"power: {shift_ns:g} ns found in {seconds:g} s", found.percent, "%", 95, detail)
    signs = wrong_signs(pool.columns[DIFFERENCE], 400, seed)
    yield at_most("wrong sign under 1.4x bursts", signs.hits, f"of {signs.count}", 0, source)
