"""The pair's difference by other tools that make the same call in the same words: all must agree."""

from __future__ import annotations

import tempfile
from pathlib import Path
from statistics import median

from ffi_spectrum.errors import UsageError
from ffi_spectrum.measure.snippet import Snippet
from ffi_spectrum.validation.peer_process import Runner, require, run_python
from ffi_spectrum.validation.peer_pyperf import read_values
from ffi_spectrum.validation.subjects import Subjects
from ffi_spectrum.validation.target import Target, at_most

BOUND_NS = 1.0
# One process, the median of its repeats, in seconds per block of 2,000 calls.
_TIMEIT = """
import sys, timeit
print(*sorted(timeit.Timer(sys.argv[1], sys.argv[2]).repeat(41, 2000)))
"""
# A fixed number of loops spares pyperf its calibrating process; one value a process is then about 1 ms.
_PYPERF = ("-m", "pyperf", "timeit", "-q", "-l20000", "-w2", "-n5")
_DEADLINE_S = 120.0


def against_timeit(subjects: Subjects, ours_ns: float, processes: int, run: Runner = run_python) -> Target:
    """`ours_ns` against timeit's median over fresh processes; raises MeasurementError where one fails."""
    with tempfile.TemporaryDirectory(prefix="ffi-spectrum-") as scratch:
        values = [[_timeit(one, Path(scratch), run) for _ in range(processes)] for one in subjects.pair()]
    return _agreement("timeit", ours_ns, values)


def _timeit(snippet: Snippet, scratch: Path, run: Runner) -> float:
    said = run("timeit", ["-c", _TIMEIT, snippet.call, snippet.setup], scratch, _DEADLINE_S)
    return float(said.split()[20]) / 2000 * 1e9


def against_pyperf(subjects: Subjects, ours_ns: float, processes: int, run: Runner = run_python) -> Target:
    """`ours_ns` against pyperf's median over its processes; unavailable where pyperf is not installed.

    Raises MeasurementError where pyperf fails.
    """
    try:
        require("pyperf", "pyperf")
    except UsageError as error:
        return at_most(_name("pyperf"), None, "ns", BOUND_NS, str(error))
    with tempfile.TemporaryDirectory(prefix="ffi-spectrum-") as scratch:
        values = [_pyperf(one, f"{i}.json", processes, Path(scratch), run) for i, one in enumerate(subjects.pair())]
    return _agreement("pyperf", ours_ns, values)


def _pyperf(snippet: Snippet, name: str, processes: int, scratch: Path, run: Runner) -> list[float]:
    arguments = [*_PYPERF, f"-p{processes}", "-o", name, "-s", snippet.setup, "--", snippet.call]
    run("pyperf", arguments, scratch, _DEADLINE_S)
    return read_values(scratch / name)


def _agreement(tool: str, ours_ns: float, values_ns: list[list[float]]) -> Target:
    theirs = median(values_ns[0]) - median(values_ns[1])
    detail = f"{ours_ns:.2f} ns here, {theirs:.2f} ns by {tool}"
    return at_most(_name(tool), abs(ours_ns - theirs), "ns", BOUND_NS, detail)


def _name(tool: str) -> str:
    return f"cross-harness: difference from {tool}'s median"
