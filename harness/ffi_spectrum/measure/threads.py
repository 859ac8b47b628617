"""Long calls by several threads, and what others see meanwhile: a fresh process for each way and turn."""

from __future__ import annotations

import os
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ffi_spectrum.errors import BuildError, Unavailable, UsageError
from ffi_spectrum.measure.child import run_child
from ffi_spectrum.measure.instance import Way, reason_of, ways_of
from ffi_spectrum.measure.observer import Observer
from ffi_spectrum.measure.study import Task, new_run, run_study
from ffi_spectrum.plan import refuse_unknown
from ffi_spectrum.results.study import Study, StudyRecord
from ffi_spectrum.results.threads import KINDS, STUDY, ThreadsRecord
from ffi_spectrum.rungs.table import RUNGS, rung_class
from ffi_spectrum.toolchain.artifact import Artifact
from ffi_spectrum.toolchain.build import Toolchain

# The ceiling of scaling, and the process that measures how late a sleeper wakes with nobody else about.
CONTROL = "floor"
# A shorter call would end before a waiting thread asks for the GIL (sys.getswitchinterval() is 5 ms): then nothing
# tells a rung that keeps the GIL from Python code, which hands it over.
MIN_CALL_MS = 10.0
STARTUP_S, DEADLINE_S = 0.4, 60.0


@dataclass(frozen=True, slots=True)
class ThreadsOptions:
    """A call takes about `call_ms`; each thing is watched for `window_ms`, in `processes` processes per way."""

    call_ms: float = MIN_CALL_MS
    window_ms: float = 200.0
    processes: int = 9
    rungs: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        refuse_unknown("rung", self.rungs, RUNGS)
        if self.call_ms < MIN_CALL_MS or self.window_ms < 2 * self.call_ms or self.processes < 1:
            raise UsageError(
                f"a call takes at least {MIN_CALL_MS:g} ms, a window two calls, and a way one process: "
                f"not {self.call_ms:g} ms, {self.window_ms:g} ms and {self.processes}"
            )

    @property
    def ways(self) -> list[Way]:
        """What is measured; the control always is."""
        names = [name for name in RUNGS if not self.rungs or name in (*self.rungs, CONTROL)]
        ways = [way for name in names for way in ways_of(name)]
        # the floor by name and the floor through a pointer are one thing to a thread
        return [way for way in ways if way.rung != CONTROL or way.variant == "dlsym"]


def thread_counts() -> list[int]:
    """One, two, and as many as there are CPUs for us."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return sorted({1, 2, allowed})


def run_threads(options: ThreadsOptions, path: Path, toolchain: Toolchain, observer: Observer) -> Study:
    """Measure into `path`, going on with what it holds; see run_study."""
    tasks: list[Task] = []
    rng = random.Random()
    shared: dict[str, Any] = {
        "call_ms": options.call_ms, "window_ms": options.window_ms, "threads": thread_counts(),
    }  # fmt: skip
    built: dict[str, dict[str, Artifact] | str] = {}
    for way in options.ways:
        if way.rung not in built:
            observer.building(way.rung)
            built[way.rung] = _build(way.rung, toolchain)
        tasks += [_task(way, n, built[way.rung], shared, rng.getrandbits(32)) for n in range(options.processes)]
    return run_study(path, new_run(STUDY, shared, toolchain), KINDS, tasks, observer, rng)


def without_kernel(options: ThreadsOptions) -> dict[str, str]:
    """Why rungs that were asked for are not measured, by name."""
    ways = {way.rung for way in options.ways}
    return {name: reason_of(name) for name in options.rungs or RUNGS if name not in ways}


def _build(rung: str, toolchain: Toolchain) -> dict[str, Artifact] | str:
    try:
        return rung_class(rung).build(toolchain)
    except (Unavailable, BuildError) as error:
        return str(error)


def _task(way: Way, process: int, built: dict[str, Artifact] | str, shared: dict[str, Any], seed: int) -> Task:
    windows = len(shared["threads"]) + (5 if way.rung == CONTROL else 3)
    expected_s = STARTUP_S + windows * shared["window_ms"] * 1e-3

    def run() -> StudyRecord:
        if isinstance(built, str):
            raise Unavailable(built)
        row = {
            "way": way.to_json(), "artifacts": {name: artifact.to_json() for name, artifact in built.items()},
            "call_ns": shared["call_ms"] * 1e6, "window_ns": round(shared["window_ms"] * 1e6),
            "threads": shared["threads"], "is_control": way.rung == CONTROL, "seed": seed,
        }  # fmt: skip
        hash_seed = {"PYTHONHASHSEED": str(seed)}
        answer = run_child("ffi_spectrum.measure.threads_worker:main", row, DEADLINE_S + 2 * expected_s, hash_seed)
        return structure_answer(way, process, seed, answer)

    return Task((STUDY, way.name, process), run, expected_s)


def structure_answer(way: Way, process: int, seed: int, answer: dict[str, Any]) -> ThreadsRecord:
    """The record of what a process answered."""
    import cattrs

    row = {"way": way.name, "kernel": way.kernel, "process": process, "seed": seed, **answer}
    return cattrs.structure(row, ThreadsRecord)
