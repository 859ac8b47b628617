"""pytest-benchmark, by a generated test file."""

from __future__ import annotations

import ast
import json
import random
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import indent

from ffi_spectrum.errors import MeasurementError, UsageError
from ffi_spectrum.measure.snippet import Snippet
from ffi_spectrum.validation.peer_reading import Reading
from ffi_spectrum.validation.peer_tool import PeerTool
from ffi_spectrum.validation.subjects import Subjects

# Wall seconds of a run, measured with pytest-benchmark 5.3: a start, and per second of --benchmark-max-time two
# benchmarks with their statistics.
_START_S, _PER_MAX_TIME = 0.4, 2.7
_COMMAND = ("-m", "pytest", "-q", "-p", "pytest_benchmark.plugin", "-p", "no:cacheprovider")


@dataclass(frozen=True, slots=True)
class PytestBenchmark(PeerTool):
    """`seconds` for the pair; None: its own settings. It has no test of difference, and so no A/A verdict."""

    name = "pytest-benchmark"
    needs = {"pytest": "pytest", "pytest_benchmark": "pytest-benchmark"}

    def read(self, subjects: Subjects, seed: int) -> Reading:
        """The pair in one process, in random order."""
        pair = subjects.pair()
        order = random.Random(seed).sample(range(len(pair)), len(pair))
        with tempfile.TemporaryDirectory(prefix="ffi-spectrum-") as scratch:
            directory = Path(scratch)
            (directory / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
            (directory / "test_pair.py").write_text(written_tests(pair, order), encoding="utf-8")
            arguments = [*_COMMAND, *self.options(), "--benchmark-json=out.json", "test_pair.py"]
            wall_s = self.timed(arguments, directory)
            left, right = read_statistics(directory / "out.json")
        return Reading(left[0] - right[0], left[1] - right[1], wall_s)

    def scaled(self, seconds: float) -> list[str]:
        return [f"--benchmark-max-time={max(0.05, (seconds - _START_S) / _PER_MAX_TIME):.2f}"]


def written_tests(snippets: Sequence[Snippet], order: Sequence[int]) -> str:
    """A test per snippet, named by its index, the call written as that tool's users write it: `benchmark(f, a, b)`."""
    tests = []
    for index in order:
        snippet = snippets[index]
        # One call before: else the first, which loads code, often ends the calibration at one call a round, and the
        # clock is measured too (146 instead of 77 ns for the ctypes no-op).
        body = f"{snippet.setup}\n{snippet.call}\nbenchmark({_as_arguments(snippet.call)})"
        tests.append(f"def test_{index}(benchmark):\n{indent(body, '    ')}\n")
    return "\n\n".join(tests)


def _as_arguments(text: str) -> str:
    called = ast.parse(text, mode="eval").body
    if not isinstance(called, ast.Call):
        raise UsageError(f"pytest-benchmark measures a call of a function, and {text!r} is none")
    arguments = [*called.args, *called.keywords]
    return ", ".join(map(ast.unparse, [called.func, *arguments]))


def read_statistics(path: Path) -> list[tuple[float, float]]:
    """Mean and median of test_0 and test_1, in nanoseconds per call; raises MeasurementError for another file."""
    try:
        found = {row["name"]: row["stats"] for row in json.loads(path.read_text(encoding="utf-8"))["benchmarks"]}
        return [(1e9 * found[name]["mean"], 1e9 * found[name]["median"]) for name in ("test_0", "test_1")]
    except (OSError, ValueError, LookupError, TypeError) as error:
        hint = "install pytest-benchmark>=4"
        raise MeasurementError(f"pytest-benchmark wrote a file that cannot be read ({error!r}): {hint}") from error
