"""A worker: one short process that measures, or proves, one panel once. Started by `launch`, never by hand."""

from __future__ import annotations

import gc
import json
import os
import random
import resource
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from mmap import mmap
from pathlib import Path
from typing import Any

from ffi_spectrum.device.errors import translated
from ffi_spectrum.errors import DeviceError, LostCalls
from ffi_spectrum.measure.control import NO_CASE
from ffi_spectrum.measure.items import make_items, series_of
from ffi_spectrum.measure.job import Job
from ffi_spectrum.measure.latency import sample_latencies
from ffi_spectrum.measure.schedule import latin_rounds
from ffi_spectrum.measure.subject import Mark, Subjects, prepare, prove
from ffi_spectrum.measure.timing import calibrate, time_rounds
from ffi_spectrum.remote.cores import remember_cpus
from ffi_spectrum.results.device.sample import DeviceSample
from ffi_spectrum.results.record import CaseRecord, ProcessRecord, ProofRecord

PROOF_CALLS = 100
PROOF_CALLS_SLOW = 3
SLOW_NS = 1_000_000


def main(row: Mapping[str, Any], started_ns: int) -> None:
    """Do the job and write one JSON document to standard output, which nothing else may write to."""
    job = Job.from_json(row)
    output = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    signal.alarm(int(2 * job.deadline_s) + 5)  # its default action ends a worker whose launcher was killed
    remember_cpus()  # before it is pinned: a far side on another CPU needs one
    if job.cpu >= 0:
        os.sched_setaffinity(0, {job.cpu})
    rng = random.Random(job.seed)
    padding = [bytearray(rng.randrange(1, 4096)) for _ in range(rng.randrange(64))]  # randomises the heap's layout
    with Path(job.marker).open("r+b") as file, mmap(file.fileno(), 4) as marker:

        def mark(index: int) -> None:
            marker[0:4] = index.to_bytes(4, "little", signed=True)

        with _ending_with_the_device():
            subjects = prepare(job, mark)
            mark(NO_CASE)
            document = (
                _prove(job, subjects, mark) if job.mode == "prove" else _measure(job, subjects, mark, rng, started_ns)
            )
        mark(NO_CASE)
    del padding
    json.dump(document, output)
    output.flush()
    # interpreter shutdown would run the destructors of every runtime that was loaded: nothing is left to be saved
    os._exit(0)


@contextmanager
def _ending_with_the_device() -> Iterator[None]:
    """Say a device's error by its type, and end there: destructors of a device that is lost may hang, or say more."""
    try:
        with translated("in a timed block"):
            yield
    except DeviceError:
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)


def _refused(job: Job, subjects: Subjects) -> list[dict[str, Any]]:
    return [asdict(CaseRecord(case, status, reason, job.panel)) for case, status, reason in subjects.refused]


def _measure(job: Job, subjects: Subjects, mark: Mark, rng: random.Random, started_ns: int) -> dict[str, Any]:
    items = make_items(subjects)
    stamps = [started_ns, time.time_ns()]
    gc.collect()
    gc.freeze()
    gc.disable()
    every = list(items)
    for item in rng.sample(every, len(every)):
        mark(item.index)
        calibrate(item, job.block_ns, job.rounds)
    stamps.append(time.time_ns())
    stolen = _steal_ticks(job.cpu)
    disturbed = time_rounds(every, latin_rounds(len(every), job.rounds, rng), mark, _switches(subjects))
    usage = resource.getrusage(resource.RUSAGE_SELF)
    stolen_after = _steal_ticks(job.cpu)
    stamps.append(time.time_ns())
    latencies = sample_latencies(subjects, items.near, job.latency_ns, mark)
    device = _sample_device(subjects, mark, job.process)
    stamps.append(time.time_ns())
    names = ("prepare_ms", "calibrate_ms", "rounds_ms", "latencies_ms")
    spent = {name: round((stamps[i + 1] - stamps[i]) / 1e6, 1) for i, name in enumerate(names)}
    facts = spent | {
        "involuntary_switches": usage.ru_nivcsw,
        "voluntary_switches": usage.ru_nvcsw,
        "steal_ticks": None if stolen is None or stolen_after is None else stolen_after - stolen,
        "cpu": job.cpu,
        "gc": "disabled while timing",
        "blas_threads": os.environ.get("OPENBLAS_NUM_THREADS", ""),
    }
    record = ProcessRecord(
        panel=job.panel, process=job.process, seed=job.seed, **series_of(items, subjects),
        disturbed=disturbed, latencies=latencies, device=device, facts=facts,
    )  # fmt: skip
    return {"process": asdict(record), "proofs": [], "refused": _refused(job, subjects)}


def _sample_device(subjects: Subjects, mark: Mark, process: int) -> DeviceSample | None:
    """What the panel's device does beside its cases; imported only where there is one, for that takes 30 ms."""
    if not any(subject.rung.info.panel_group == "device" for subject in subjects.near):
        return None
    from ffi_spectrum.measure.device.sample import sample_device

    return sample_device(subjects, mark, process)


def _switches(subjects: Subjects) -> Callable[[], int]:
    """How often this process was interrupted so far.

    Never, where far sides are other processes: to be put aside by the worker that one has just woken is their way.
    """
    if any(subject.rung.worker_pid() is not None for subject in subjects.near):
        return lambda: 0
    return lambda: resource.getrusage(resource.RUSAGE_SELF).ru_nivcsw


def _steal_ticks(cpu: int) -> int | None:
    """What the hypervisor took from `cpu` since boot (-1: from all), in ticks of mostly 10 ms; see proc(5), /proc/stat.

    None where the system does not say.
    """
    try:
        lines = Path("/proc/stat").read_text().splitlines()
    except OSError:
        return None
    name = f"cpu{cpu}" if cpu >= 0 else "cpu"
    return next((int(words[8]) for line in lines if (words := line.split())[:1] == [name] and len(words) > 8), None)


def _prove(job: Job, subjects: Subjects, mark: Mark) -> dict[str, Any]:
    proofs = []
    for subject in subjects.near:
        if not subject.rung.info.has_far_side:
            continue
        mark(subject.index)
        calls = PROOF_CALLS if subject.block(1) < SLOW_NS else PROOF_CALLS_SLOW
        try:
            counted, far_counted = prove(subject, subjects.far.get(subject.far), calls)
        except LostCalls as error:
            subjects.refused.append((subject.case, "failed", str(error)))
            continue
        far_calls = calls if subject.far in subjects.far else 0
        proofs.append(asdict(ProofRecord(subject.case, calls, counted, far_calls, far_counted)))
    return {"process": None, "proofs": proofs, "refused": _refused(job, subjects)}
