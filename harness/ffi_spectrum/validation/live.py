"""Targets that are measured here and now."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from statistics import linear_regression, median

from ffi_spectrum.analysis.difference import differences, paired, settled
from ffi_spectrum.analysis.stopping import Precision, is_look
from ffi_spectrum.analysis.verdict import judge
from ffi_spectrum.measure.sampling import Protocol, sample_until
from ffi_spectrum.measure.snippet import Snippet, call
from ffi_spectrum.results.sample import Sample
from ffi_spectrum.validation.subjects import Subjects
from ffi_spectrum.validation.target import Target, at_least, at_most

STEPS = (1, 2, 5, 10)
LOOP_CALLS = 2000


def sample_for(snippets: Sequence[Snippet], seconds: float, seed: int) -> list[Sample]:
    """Samples of as many processes as `seconds` allow, six at least."""
    end = time.monotonic() + seconds
    return sample_until(snippets, Protocol(), lambda found: len(found) >= 6 and time.monotonic() >= end, seed)


def run_for(snippets: Sequence[Snippet], seconds: float, seed: int) -> list[Sample]:
    """Those of `sample_for` that an estimate rests on."""
    return settled(sample_for(snippets, seconds, seed))


def known_delay(subjects: Subjects, seconds: float, seed: int) -> Iterator[Target]:
    """Injected delays against the same chain in a C loop: slope, bias, and whether the smallest is found."""
    steps = (0, *STEPS)
    calls = run_for([subjects.delay(count) for count in steps], 2 * seconds, seed)
    loops = run_for([subjects.delay_loop(count, LOOP_CALLS) for count in steps], seconds, seed + 1)
    found = [median(differences(calls, index, 0)) for index in range(1, len(steps))]
    truth = [median(differences(loops, index, 0)) / LOOP_CALLS for index in range(1, len(steps))]
    detail = ", ".join(f"{ns:.2f} for {true:.2f} ns" for ns, true in zip(found, truth, strict=True))
    slope, bias = linear_regression(truth, found)
    yield at_most("known delay: slope error", 100 * abs(slope - 1), "%", 1, detail)
    yield at_most("known delay: bias", abs(bias), "ns", 0.1, detail)
    verdict = judge(differences(calls, 1, 0), 0.0).verdict
    yield at_least("known delay: one step is SLOWER", float(verdict == "SLOWER"), "yes = 1", 1, detail)


def call_path_bias(subjects: Subjects, seconds: float, seed: int) -> Target:
    """The pair's difference by the harness's loop against loops written by hand inside a function, in one process."""
    by_hand = [_written_loop(snippet) for snippet in subjects.pair()]
    samples = run_for([*subjects.pair(), *by_hand], seconds, seed)
    gaps = [paired(s, s.calls[0], s.calls[1]) - paired(s, s.calls[2], s.calls[3]) / LOOP_CALLS for s in samples]
    return at_most(
        "call-path bias against an inlined reference", abs(median(gaps)), "ns", 0.3, f"{len(gaps)} processes"
    )


def _written_loop(snippet: Snippet) -> Snippet:
    loop = f"def run():\n    call = noop\n    for _ in repeat(None, {LOOP_CALLS}):\n        call()"
    return call("run()", setup=f"{snippet.setup}\nfrom itertools import repeat\n{loop}")


def time_to(subjects: Subjects, half_width_ns: float, bound_s: float, seed: int) -> Target:
    """Seconds until the pair's interval is that narrow, looks included."""
    started, precision = time.monotonic(), Precision(half_width_ns)

    def is_enough(samples: list[Sample]) -> bool:
        late = time.monotonic() - started > 3 * bound_s
        return late or (is_look(len(samples)) and precision.stops(differences(settled(samples))))

    samples = sample_until(subjects.pair(), Protocol(), is_enough, seed)
    seconds = time.monotonic() - started
    return at_most(
        f"time to a {2 * half_width_ns:g} ns wide interval", seconds, "s", bound_s, f"{len(samples)} processes"
    )


def run_to_run(
    subjects: Subjects, seconds: float, bound_ns: float, runs: int, seed: int, condition: str = ""
) -> Target:
    """The range of the pair's difference over repeated runs; `condition` goes in front of the target's name."""
    points = [median(differences(run_for(subjects.pair(), seconds, seed + run))) for run in range(runs)]
    detail = "ns: " + ", ".join(f"{ns:.2f}" for ns in points)
    name = f"{condition}run-to-run range, {runs} runs of {seconds:g} s"
    return at_most(name, max(points) - min(points), "ns", bound_ns, detail)
