"""Invented records of `threads`, as if each process had seen exactly what is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ffi_spectrum.results.study import AbsentRecord, StudyRun, open_study
from ffi_spectrum.results.threads import KINDS, ThreadsRecord, Throughput, Waits

CALL_NS = 10_000_000
WINDOW_NS = 200_000_000
RUN = StudyRun(
    "threads",
    {"call_ms": 10.0, "window_ms": 200.0, "threads": [1, 2]},
    {"cpu": "Invented CPU", "cpus": 2, "implementation": "CPython", "python": "3.11.7", "packages": {"cffi": "2.1"}},
    "2026-11-24T12:00:00+00:00",
    "0.1.0",
)
ABSENT = AbsentRecord("threads", "grpc.unary", "the package grpcio is not installed")


def record(
    way: str,
    process: int,
    gain: float,
    late_ms: float,
    loop_ms: float = 0.1,
    counts: Sequence[int] = (1, 2),
    others_cpus: float = 0.0,
) -> ThreadsRecord:
    """`gain` is what all thread counts above one reach; `late_ms` and `loop_ms` are every wake-up's delay.

    `others_cpus` is how many CPUs were busy with something else.
    """
    times = {n: round(WINDOW_NS * (n / gain if n > 1 else 1)) for n in counts}
    throughputs = [Throughput(n, [20] * n, [times[n]] * n) for n in counts]
    waits = {
        "thread": Waits(20, WINDOW_NS, [round(late_ms * 1e6)] * 50),
        "to_thread": Waits(20, WINDOW_NS, [round(loop_ms * 1e6)] * 50),
        "direct": Waits(20, WINDOW_NS, [29_000_000] * 5),
    }
    if way == "floor.dlsym":
        waits |= {name: Waits(0, WINDOW_NS, [60_000] * 50) for name in ("idle_thread", "idle_loop")}
    return ThreadsRecord(way, "spin", 8_000_000, process, process, CALL_NS, throughputs, waits, others_cpus)


def some_records() -> list[ThreadsRecord | AbsentRecord]:
    """The control, a rung that scales, one that keeps the GIL, Python, and one that is absent; six processes each."""
    kinds = {"floor.dlsym": (1.9, 0.1), "cext": (1.0, 9.0), "cext_nogil": (1.88, 0.1), "python": (0.98, 5.1)}
    found: list[ThreadsRecord | AbsentRecord] = [ABSENT]
    for process in range(6):
        found += [record(way, process, gain + process / 100, late, late) for way, (gain, late) in kinds.items()]
    return found


def write_threads(path: Path) -> None:
    _, writer = open_study(path, RUN, KINDS)
    for one in some_records():
        writer.append(one)
    writer.close()
