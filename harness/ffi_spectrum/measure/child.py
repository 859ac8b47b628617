"""One function of ours in a fresh process: a dictionary goes in, a dictionary comes back."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from ffi_spectrum.errors import BuildError, FFISpectrumError, MeasurementError, Unavailable, WorkerDied

# -S: as in measure/launch.py. Whatever is printed goes to standard error; at the alarm an orphan ends itself.
_BOOT = """
import json, os, signal, sys
row = json.load(sys.stdin); sys.path[:] = row.pop("sys_path")
output = os.dup(1); os.dup2(2, 1); signal.alarm(row.pop("alarm_s"))
from importlib import import_module
from ffi_spectrum.errors import FFISpectrumError
module, _, name = row.pop("entry").partition(":")
try:
    answer = {"answer": getattr(import_module(module), name)(row)}
except FFISpectrumError as error:
    answer = {"error": type(error).__name__, "text": str(error)}
with os.fdopen(output, "w") as file:
    json.dump(answer, file)
    file.flush()
    os._exit(0)
"""
_SINGLE_THREAD = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")


def run_child(
    entry: str,
    row: Mapping[str, Any],
    deadline_s: float,
    environment: Mapping[str, str] | None = None,
    path: list[str] | None = None,
) -> Any:
    """What the function `entry` ("module:name") returns for `row`; its process group is ended in any case.

    `environment` is added to ours; `path` stands for our sys.path. Raises Unavailable and BuildError where the function
    does, MeasurementError for any other error of ours, and WorkerDied for a crash or at the deadline.
    """
    folders = path or [folder or str(Path.cwd()) for folder in sys.path]
    document = {**row, "entry": entry, "sys_path": folders, "alarm_s": int(2 * deadline_s) + 5}
    with tempfile.TemporaryFile() as messages:
        with subprocess.Popen(
            [sys.executable, "-S", "-c", _BOOT], process_group=0, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=messages, env={**os.environ, **_SINGLE_THREAD, **(environment or {})},
        ) as child:  # fmt: skip
            try:
                output, _ = child.communicate(json.dumps(document).encode(), deadline_s)
            except subprocess.TimeoutExpired:
                raise WorkerDied(f"{entry} did not end within {deadline_s:g} s and was killed") from None
            finally:
                with suppress(ProcessLookupError, PermissionError):
                    os.killpg(child.pid, signal.SIGKILL)
        messages.seek(0)
        said = messages.read().decode(errors="replace").strip().splitlines()
    return _answer(entry, child.returncode, output, f": {said[-1]}" if said else "")


def _answer(entry: str, returncode: int, output: bytes, last: str) -> Any:
    try:
        document = json.loads(output)
    except ValueError:
        how = f"signal {-returncode}" if returncode < 0 else f"exit code {returncode}"
        raise WorkerDied(f"{entry} ended with {how} and without an answer{last}") from None
    if "error" not in document:
        return document["answer"]
    known: dict[str, type[FFISpectrumError]] = {"Unavailable": Unavailable, "BuildError": BuildError}
    raise known.get(document["error"], MeasurementError)(document["text"])
