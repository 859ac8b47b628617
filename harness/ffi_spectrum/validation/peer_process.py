"""Running another benchmark tool in a process of its own, on the CPU that this harness measures on."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path

from ffi_spectrum.errors import MeasurementError, UsageError
from ffi_spectrum.measure.run import pinned_cpu

# Runs a Python with arguments and returns what it printed; receives the tool's name, its arguments, the working
# directory and a deadline in seconds.
Runner = Callable[[str, Sequence[str], Path, float], str]

# `taskset` is not installed everywhere; the affinity outlives execv, and the tool's own workers inherit it.
_PIN = "import os, sys; os.sched_setaffinity(0, {int(sys.argv[1])}); os.execv(sys.argv[2], sys.argv[2:])"


def require(module: str, distribution: str) -> None:
    """Raises UsageError with the pip command where a peer is not installed."""
    if find_spec(module) is None:
        raise UsageError(f"{distribution} is not installed: python -m pip install {distribution}")


def run_python(tool: str, arguments: Sequence[str], directory: Path, deadline_s: float) -> str:
    """The output of this interpreter, run with `arguments` in `directory` and pinned where that is possible.

    Raises MeasurementError with the tool's last line where it fails, and where it takes longer than the deadline.
    """
    command, cpu = [sys.executable, *arguments], pinned_cpu()
    if cpu >= 0:
        command = [sys.executable, "-S", "-E", "-c", _PIN, str(cpu), *command]
    try:
        done = subprocess.run(
            command, cwd=directory, env=_environment(), timeout=deadline_s,
            capture_output=True, text=True, errors="replace",
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise MeasurementError(f"{tool} did not end within {deadline_s:g} s") from None
    except OSError as error:
        raise MeasurementError(f"{tool} could not be started: {error}") from error
    if done.returncode != 0:
        said = (done.stderr.strip() or done.stdout.strip() or "it said nothing").splitlines()
        raise MeasurementError(f"{tool} ended with exit code {done.returncode}: {said[-1]}")
    return done.stdout


def timed(run: Runner, tool: str, arguments: Sequence[str], directory: Path, deadline_s: float) -> float:
    """Wall seconds of a run, start-up included."""
    started = time.monotonic()
    run(tool, arguments, directory, deadline_s)
    return time.monotonic() - started


def _environment() -> dict[str, str]:
    """Without what changes the interpreter or a tool's options; plug-ins that are not asked for cost start-up time."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PYTEST", "PYPERF"))}
    return kept | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
