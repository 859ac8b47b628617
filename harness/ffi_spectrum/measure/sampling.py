"""Sampling calls in light processes until a rule says stop."""

from __future__ import annotations

import marshal
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ffi_spectrum.errors import CallError, MeasurementError, UsageError, WorkerDied, WrongResult
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
    """How one process measures; `interpreter` runs it, `path` is its sys.path, `memory_nbytes` its limit (0: none).

    What a block costs beside its calls (two clock reads, the loop's start, caches that the block before has used: about
    1 us) is spread over `block_ns`: at 40 us it biased a 53 ns call by 1 ns. Blocks of 80 us behind a short untimed run
    of the same loop (`timing.WARM_SHARE`) leave 0.15 ns. Raises UsageError where nothing could be measured that way.
    """

    rounds: int = 24
    block_ns: int = 80_000
    deadline_s: float = 30.0
    memory_nbytes: int = 8 << 30
    interpreter: str = sys.executable
    path: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if min(self.rounds, self.block_ns) < 1 or self.deadline_s <= 0 or self.memory_nbytes < 0:
            raise UsageError(
                "rounds and block_ns must be at least 1, deadline_s above zero, memory_nbytes not negative"
            )


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
    if "fault" in answer:
        raise _translate(**answer)
    series = [Series(iterations, rounds, elapsed) for iterations, rounds, elapsed in answer["series"]]
    calls = [series[order.index(index)] for index in range(len(snippets))]
    controls = dict(zip(CONTROLS, series[len(snippets) :], strict=True))
    return Sample(seed, calls, controls, answer["disturbed"], answer["pinned"], elapsed_ns, answer["waited"])


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
    environment |= {"PYTHONHASHSEED": str(seed % 2**32), "FFI_SPECTRUM_PADDING": "x" * padding}
    # a file, not a pipe: a child that the timed code leaves behind would keep a pipe open
    with tempfile.TemporaryFile() as messages:
        try:
            worker = subprocess.Popen(
                [protocol.interpreter, "-S", "-c", _BOOT], process_group=0, env=environment,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=messages,
            )  # fmt: skip
        except OSError as error:
            raise WorkerDied(f"{protocol.interpreter} could not be started: {error}") from error
        output = _converse(worker, marshal.dumps(job, 2), protocol.deadline_s)
        messages.seek(0)
        said = messages.read().decode(errors="replace").strip().splitlines()
    last = f": {said[-1]}" if said else ""
    if worker.returncode != 0:
        how = f"signal {-worker.returncode}" if worker.returncode < 0 else f"exit code {worker.returncode}"
        raise WorkerDied(f"a measuring process ended with {how}{last}")
    if not output:
        raise WorkerDied(f"a measuring process ended before it answered: does the call exit?{last}")
    answer: dict[str, Any] = marshal.loads(output)
    return answer


def _converse(worker: subprocess.Popen[bytes], job: bytes, deadline_s: float) -> bytes:
    """The worker's answer; neither it nor any process that it started in its group is left behind."""
    with worker:
        try:
            output, _ = worker.communicate(job, deadline_s)
        except subprocess.TimeoutExpired:
            limit = f"{deadline_s:g} s"
            raise WorkerDied(f"a measuring process did not end within {limit}: give it a longer deadline_s") from None
        finally:
            with suppress(ProcessLookupError):
                os.killpg(worker.pid, signal.SIGKILL)
    return output


def _translate(fault: str, kind: str, message: str) -> MeasurementError | CallError:
    if fault == "meddled":
        return MeasurementError(message)
    if fault == "wrong":
        return WrongResult(f"the call {message}; it is not measured")
    return CallError(f"the call or its setup raised {kind}" + (f": {message}" if message else ""))
