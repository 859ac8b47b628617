"""Fresh processes in random order, each on disk before the next one starts."""

from __future__ import annotations

import hashlib
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ffi_spectrum import __version__
from ffi_spectrum.errors import FFISpectrumError, Unavailable
from ffi_spectrum.measure.observer import Observer
from ffi_spectrum.results.fingerprint import take_fingerprint
from ffi_spectrum.results.lines import Kinds
from ffi_spectrum.results.study import AbsentRecord, Key, Study, StudyRecord, StudyRun, open_study
from ffi_spectrum.toolchain import sources
from ffi_spectrum.toolchain.build import Toolchain


@dataclass(frozen=True, slots=True)
class Task:
    """One process: `run` starts it, waits, and makes the record with this key. `predicted_s` is a rough guess."""

    key: Key
    run: Callable[[], StudyRecord]
    predicted_s: float


def new_run(study: str, options: dict[str, Any], toolchain: Toolchain) -> StudyRun:
    """The header of a file that starts now; the C sources are part of what its records must share."""
    try:
        compilers = [f"{toolchain.compiler.name} {toolchain.compiler.version}"]
    except Unavailable:
        compilers = []
    created = datetime.now(UTC).isoformat(timespec="seconds")
    shared = {**options, "sources": _sources_sha256()}
    return StudyRun(study, shared, take_fingerprint(compilers), created, __version__)


def _sources_sha256() -> str:
    native = sources.source_root() / "native"
    files = sorted(path for name in ("include", "kernels", "support") for path in (native / name).glob("*.[ch]"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in (*files, *sources.guest_sources()))).hexdigest()


def run_study(
    path: Path, run: StudyRun, kinds: Kinds, tasks: Sequence[Task], observer: Observer, rng: random.Random
) -> Study:
    """Run the tasks that `path` has no record of: all first processes in random order, then all second ones, ...

    What cannot be done to a subject is recorded with its reason, once, and not tried again. Raises ResultsError before
    any work where the file cannot be used. KeyboardInterrupt passes through: one process is lost.
    """
    study, writer = open_study(path, run, kinds)
    done = {record.key for record in study.records}
    pending = [task for task in tasks if not done & {task.key, absent_key(task)}]
    observer.start(len(tasks), len(tasks) - len(pending), sum(task.predicted_s for task in pending))
    try:
        started_s = time.monotonic()
        for number, task in enumerate(_interleaved(pending, rng), 1):
            if absent_key(task) not in done:
                record = _record(task)
                done.add(record.key)
                study.records.append(record)
                writer.append(record)
            left = len(pending) - number
            seconds_left = (time.monotonic() - started_s) / number * left
            observer.process_done(task.key[1], len(tasks) - left, len(tasks), seconds_left)
    finally:
        writer.close()
    return study


def absent_key(task: Task) -> Key:
    """The key of the record that says why the task's subject has none."""
    return (*task.key[:2], -1)


def _record(task: Task) -> StudyRecord:
    try:
        return task.run()
    except FFISpectrumError as error:
        return AbsentRecord(*task.key[:2], str(error))


def _interleaved(tasks: Sequence[Task], rng: random.Random) -> Iterator[Task]:
    for number in sorted({task.key[2] for task in tasks}):
        same = [task for task in tasks if task.key[2] == number]
        yield from rng.sample(same, len(same))
