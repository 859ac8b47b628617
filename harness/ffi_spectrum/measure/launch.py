"""Starting one worker and bringing back what it says, whatever happens to it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ffi_spectrum.case import Case
from ffi_spectrum.errors import MeasurementError, WorkerDied
from ffi_spectrum.measure.job import Job
from ffi_spectrum.results.record import CaseRecord, ProcessRecord, ProofRecord
from ffi_spectrum.results.store import structure

# -S: the worker starts faster and sees no site customisation; it is given our own sys.path.
_BOOT = """
import time; started = time.time_ns()
import json, sys
row = json.load(sys.stdin); sys.path[:] = row.pop("sys_path")
from ffi_spectrum.measure.worker import main
main(row, started)
"""
# BLAS and OpenMP run on the calling thread: a pool would be a third task on a small machine.
_SINGLE_THREAD = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS"), "1")


@dataclass(slots=True)
class Outcome:
    """What one worker brought back."""

    process: ProcessRecord | None = None
    proofs: list[ProofRecord] = field(default_factory=list)
    refused: list[CaseRecord] = field(default_factory=list)


class CaseDied(WorkerDied):
    """A worker ended inside a case; `case` is None where it was in none."""

    def __init__(self, message: str, case: Case | None) -> None:
        super().__init__(message)
        self.case = case


def launch(job: Job) -> Outcome:
    """Run a worker for `job`; raises CaseDied when it crashes, exits early or takes longer than its deadline."""
    marker = Path(job.marker)
    marker.write_bytes((-1).to_bytes(4, "little", signed=True))
    started = time.monotonic()
    row = job.to_json() | {"sys_path": [path or str(Path.cwd()) for path in sys.path]}
    with tempfile.TemporaryFile() as messages:
        # a process group of its own: whatever a rung started ends with its worker, and Ctrl-C reaches only us
        with subprocess.Popen(
            [sys.executable, "-S", "-c", _BOOT], process_group=0,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=messages, env=_environment(job),
        ) as worker:  # fmt: skip
            try:
                output, _ = worker.communicate(json.dumps(row).encode(), timeout=job.deadline_s)
            except subprocess.TimeoutExpired:
                raise _died(job, f"did not end within {job.deadline_s:.0f} s and was killed", messages) from None
            finally:
                with suppress(ProcessLookupError, PermissionError):
                    os.killpg(worker.pid, signal.SIGKILL)
        if worker.returncode != 0:
            raise _died(job, _ending(worker.returncode), messages)
        outcome = _read(job, output, messages)
    if outcome.process is not None:  # the rule that stops a panel goes by it, also when a run is resumed
        outcome.process.facts["elapsed_ms"] = round((time.monotonic() - started) * 1000, 1)
    return outcome


def _environment(job: Job) -> dict[str, str]:
    """The parent's, with a random hash seed and a random amount of padding, which moves the stack."""
    padding = "x" * (job.seed % 4096)
    own = {name: value for name, value in os.environ.items() if name not in ("PYTHONSTARTUP", "PYTHONDEVMODE")}
    return own | _SINGLE_THREAD | {"PYTHONHASHSEED": str(job.seed % 2**32), "FFI_SPECTRUM_PADDING": padding}


def _ending(returncode: int) -> str:
    if returncode >= 0:
        return f"ended with exit code {returncode}"
    try:
        return f"was ended by {signal.Signals(-returncode).name}"
    except ValueError:
        return f"was ended by signal {-returncode}"


def _died(job: Job, how: str, messages: Any) -> CaseDied:
    index = int.from_bytes(Path(job.marker).read_bytes()[:4], "little", signed=True)
    case = job.cases[index] if 0 <= index < len(job.cases) else None
    messages.seek(0)
    said = messages.read().decode(errors="replace").strip()
    where = f"at {case.id}" if case else "outside of all cases"
    last = f": {said.splitlines()[-1]}" if said else ""
    return CaseDied(f"the process of {job.panel} {how} {where}{last}", case)


def _read(job: Job, output: bytes, messages: Any) -> Outcome:
    try:
        document = json.loads(output)
    except ValueError:
        raise _died(job, "wrote something else than its results", messages) from None
    process = structure(document["process"]) if document["process"] else None
    if process is not None and not isinstance(process, ProcessRecord):
        raise MeasurementError(f"the process of {job.panel} answered with a {type(process).__name__}")
    proofs = [row for row in map(structure, document["proofs"]) if isinstance(row, ProofRecord)]
    refused = [row for row in map(structure, document["refused"]) if isinstance(row, CaseRecord)]
    return Outcome(process, proofs, refused)
