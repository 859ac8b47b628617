"""Sampling calls in light processes until a rule says stop."""

from __future__ import annotations

import marshal
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ffi_spectrum.errors import CallError, MeasurementError, WorkerDied, WrongResult
from ffi_spectrum.measure.run import pinned_cpu
from ffi_spectrum.measure.schedule import latin_rounds
from ffi_spectrum.measure.snippet import Snippet
from ffi_spectrum.results.record import Series
from ffi_spectrum.results.sample import CONTROLS, Sample

_BOOT = (
    "import marshal, sys; job = marshal.load(sys.stdin.buffer); sys.path[:] = job.pop('path'); "
    "from ffi_spectrum.measure.light import main; main(job)"
)


@dataclass(frozen=True, slots=True)
class Protocol:
    """How one process measures; `interpreter` runs it, `path` is its sys.path, `memory_nbytes` its limit (0: none)."""

    rounds: int = 40
    block_ns: int = 40_000
    deadline_s: float = 30.0
    memory_nbytes: int = 8 << 30
    interpreter: str = sys.executable
    path: tuple[str, ...] = ()


def sample_once(snippets: Sequence[Snippet], protocol: Protocol, seed: int) -> Sample:
    """Measure all snippets in one fresh process.

    Raises CallError where a call raises, WrongResult where it does not return what is expected, MeasurementError where
    it meddles with the process, and WorkerDied where the process ends or takes longer than the deadline.
    """
    rng = random.Random(seed)
    order = rng.sample(range(len(snippets)), len(snippets))
    count = len(snippets) + len(CONTROLS)
    job = {
        "path": list(protocol.path) or [path or str(Path.cwd()) for path in sys.path],
        "snippets": [snippets[index].to_row() for index in order],
        "first": order.index(0),
        "orders": latin_rounds(count, protocol.rounds, rng),
        "block_ns": protocol.block_ns,
        "cpu": pinned_cpu(),
        "padding": rng.randrange(1, 1 << 16),
        "memory_nbytes": protocol.memory_nbytes,
        "alarm_s": int(2 * protocol.deadline_s) + 5,
    }
    started_ns = time.perf_counter_ns()
    answer = _run(job, protocol, seed, rng.randrange(4096))
    elapsed_ns = time.perf_counter_ns() - started_ns
    if "error" in answer:
        raise _translate(answer["error"], answer["message"])
    series = [Series(iterations, rounds, elapsed) for iterations, rounds, elapsed in answer["series"]]
    calls = [series[order.index(index)] for index in range(len(snippets))]
    controls = dict(zip(CONTROLS, series[len(snippets) :], strict=True))
    return Sample(seed, calls, controls, answer["disturbed"], answer["pinned"], elapsed_ns)


def sample_until(
    snippets: Sequence[Snippet], protocol: Protocol, is_enough: Callable[[list[Sample]], bool], seed: int
) -> list[Sample]:
    """Add processes until `is_enough` says so; it is asked after each."""
    samples: list[Sample] = []
    for process_seed in _seeds(seed):
        samples.append(sample_once(snippets, protocol, process_seed))
        if is_enough(samples):
            return samples
    raise AssertionError("seeds never end")


def _seeds(seed: int) -> Iterator[int]:
    rng = random.Random(seed)
    while True:
        yield rng.getrandbits(32)


def _run(job: dict[str, Any], protocol: Protocol, seed: int, padding: int) -> dict[str, Any]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    environment |= {"PYTHONHASHSEED": str(seed), "FFI_SPECTRUM_PADDING": "x" * padding}
    try:
        done = subprocess.run(
            [protocol.interpreter, "-S", "-c", _BOOT],
            input=marshal.dumps(job, 2), capture_output=True, timeout=protocol.deadline_s, env=environment,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        limit = f"{protocol.deadline_s:g} s"
        raise WorkerDied(f"a measuring process did not end within {limit}: give it a longer deadline_s") from None
    except OSError as error:
        raise WorkerDied(f"{protocol.interpreter} could not be started: {error}") from error
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        how = f"signal {-done.returncode}" if done.returncode < 0 else f"exit code {done.returncode}"
        raise WorkerDied(f"a measuring process ended with {how}" + (f": {said[-1]}" if said else ""))
    answer: dict[str, Any] = marshal.loads(done.stdout)
    return answer


def _translate(kind: str, message: str) -> MeasurementError | CallError:
    if kind == "Meddling":
        return MeasurementError(message)
    if kind == "ValueError" and " instead of " in message:
        return WrongResult(f"the call {message}; it is not measured")
    return CallError(f"the call raised {kind}: {message}")
