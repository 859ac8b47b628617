"""pyperf, by its command line."""

from __future__ import annotations

import json
import math
import random
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, median, variance

from ffi_spectrum.errors import MeasurementError
from ffi_spectrum.measure.snippet import Snippet
from ffi_spectrum.validation.peer_reading import EXTRAPOLATED, Reading
from ffi_spectrum.validation.peer_tool import DEADLINE_S, PeerTool
from ffi_spectrum.validation.subjects import Subjects

# Wall seconds, measured with pyperf 2.10: the calibrating process; the start of a worker; a value of at least 100 ms,
# whose loops are a power of two.
_CALIBRATION_S, _START_S, _VALUE_S = 0.6, 0.1, 0.15
_VALUES = 3
# Two-sided 95 % of the normal distribution.
_Z = 1.96


@dataclass(frozen=True, slots=True)
class Pyperf(PeerTool):
    """`seconds` for the pair; None: pyperf's own settings, about 20 s a benchmark."""

    name = "pyperf"
    to_1ns_by = EXTRAPOLATED
    needs = {"pyperf": "pyperf"}

    def read(self, subjects: Subjects, seed: int) -> Reading:
        """The pair, and the Python no-op a second time for pyperf's own test, in random order."""
        pair = subjects.pair()
        jobs = {"left": pair[0], "right": pair[1], "twin": pair[1]}
        with tempfile.TemporaryDirectory(prefix="ffi-spectrum-") as scratch:
            directory, wall_s = Path(scratch), dict.fromkeys(jobs, 0.0)
            for name in random.Random(seed).sample(list(jobs), len(jobs)):
                wall_s[name] = self._timeit(jobs[name], name, directory)
            left, right = (read_values(directory / f"{name}.json") for name in ("left", "right"))
            said = self.run("pyperf", ["-m", "pyperf", "compare_to", "right.json", "twin.json"], directory, DEADLINE_S)
        pair_s = wall_s["left"] + wall_s["right"]
        return Reading(
            mean_ns=fmean(left) - fmean(right), median_ns=median(left) - median(right), wall_s=pair_s,
            aa_called=int(is_called_different(said)), aa_judged=1, to_1ns_s=seconds_to_1ns(left, right, pair_s),
        )  # fmt: skip

    def _timeit(self, snippet: Snippet, name: str, directory: Path) -> float:
        arguments = ["-m", "pyperf", "timeit", "-q", *self.options(), "-o", f"{name}.json"]
        return self.timed([*arguments, "-s", snippet.setup, "--", snippet.call], directory)

    def scaled(self, seconds: float) -> list[str]:
        return scaled_options(seconds)


def scaled_options(seconds: float) -> list[str]:
    """`-p` and `-n` that fill `seconds` for two benchmarks, rounded up: two processes at least, as its test needs."""
    left_s = seconds / 2 - _CALIBRATION_S
    values = _VALUES if left_s >= 2 * _process_s(_VALUES) else 1
    return [f"-p{max(2, math.ceil(left_s / _process_s(values)))}", f"-n{values}"]


def _process_s(values: int) -> float:
    return _START_S + (values + 1) * _VALUE_S  # and a warm-up value


def read_values(path: Path) -> list[float]:
    """All values of a pyperf file with one benchmark, in nanoseconds per call; raises MeasurementError for another."""
    try:
        runs = json.loads(path.read_text(encoding="utf-8"))["benchmarks"][0]["runs"]
        values = [1e9 * value for run in runs for value in run.get("values", ())]
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise MeasurementError(f"pyperf wrote a file that cannot be read ({error!r}): install pyperf>=2.6") from error
    if not values:
        raise MeasurementError("pyperf wrote a file without values: install pyperf>=2.6")
    return values


def is_called_different(said: str) -> bool:
    """Whether `pyperf compare_to` called two files different. Raises MeasurementError where it could not test them."""
    if "ERROR when testing" in said:
        raise MeasurementError("pyperf compare_to could not test two runs: they have too few values, or equal ones")
    if "not significant" in said.lower():
        return False
    if "Mean +- std dev" in said:
        return True
    raise MeasurementError(f"pyperf compare_to said nothing of significance: {(said.splitlines() or [''])[-1]}")


def seconds_to_1ns(left: list[float], right: list[float], wall_s: float) -> float | None:
    """Wall seconds until the 95 % interval of the difference of means would be 1 ns wide, were all values independent.

    Their standard error falls with the square root of the time. None with fewer than two values a side.
    """
    if min(len(left), len(right)) < 2:
        return None
    width_ns = 2 * _Z * math.sqrt(variance(left) / len(left) + variance(right) / len(right))
    return wall_s * width_ns**2
