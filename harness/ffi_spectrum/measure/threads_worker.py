"""A process that measures one way with several threads, and beside a sleeping one. Started by `threads`."""

from __future__ import annotations

import asyncio
import gc
import random
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from functools import partial
from typing import Any

from ffi_spectrum.measure.instance import Instance, Way
from ffi_spectrum.measure.others import Others
from ffi_spectrum.measure.waits import direct, sleep_until, waits_in_loop
from ffi_spectrum.results.threads import Throughput, Waits
from ffi_spectrum.toolchain.artifact import Artifact

Section = Callable[[], Any]


class Caller:
    """A thread with an instance of its own, which is made, used and closed there."""

    def __init__(self, way: Way, artifacts: Mapping[str, Artifact]) -> None:
        self.executor = ThreadPoolExecutor(1)
        self.instance: Instance = self.executor.submit(Instance, way, artifacts).result()
        self.executor.submit(self.instance.check).result()

    def close(self) -> None:
        self.executor.submit(self.instance.close).result()
        self.executor.shutdown()


def main(row: dict[str, Any]) -> dict[str, Any]:
    """Measure in random order; returns the fields of a ThreadsRecord that are not known yet."""
    way = Way(**row["way"])
    artifacts = {name: Artifact.from_json(artifact) for name, artifact in row["artifacts"].items()}
    callers = [Caller(way, artifacts) for _ in range(max(row["threads"]))]
    own = Instance(way, artifacts)  # for calls within the event loop, which runs in this thread
    first = callers[0]
    size = first.executor.submit(first.instance.calibrate, row["call_ns"]).result()
    for caller in callers[1:]:
        caller.executor.submit(caller.instance.bind, size).result()
    own.bind(size)
    gc.collect()
    gc.freeze()
    gc.disable()
    call_ns = first.executor.submit(first.instance.time_once).result()
    loop = asyncio.new_event_loop()
    loop.set_default_executor(first.executor)  # so that to_thread calls in the thread whose instance it is
    others = Others([own, *(caller.instance for caller in callers)])
    throughputs, waits = _sections(row, callers, own, loop)
    others_cpus = others.cpus()
    for caller in callers:
        caller.close()
    loop.close()
    own.close()
    return {
        "size": size,
        "call_ns": call_ns,
        "throughputs": [asdict(one) for one in throughputs],
        "waits": {name: asdict(one) for name, one in waits.items()},
        "others_cpus": round(others_cpus, 3),
    }


def _sections(
    row: Mapping[str, Any], callers: Sequence[Caller], own: Instance, loop: asyncio.AbstractEventLoop
) -> tuple[list[Throughput], dict[str, Waits]]:
    window_ns, first = row["window_ns"], callers[0]

    def in_loop(call: Callable[[], Any] | None) -> Waits:
        return loop.run_until_complete(waits_in_loop(window_ns, call))

    sections: dict[str, Section] = {
        "thread": lambda: _thread(window_ns, first),
        "to_thread": lambda: in_loop(lambda: asyncio.to_thread(first.instance.once)),
        "direct": lambda: in_loop(lambda: direct(own.once)),
    }
    if row["is_control"]:
        sections["idle_thread"] = lambda: _thread(window_ns, None)
        sections["idle_loop"] = lambda: in_loop(None)
    for count in row["threads"]:
        sections[f"threads={count}"] = partial(_throughput, window_ns, callers[:count])
    order = list(sections)
    random.Random(row["seed"]).shuffle(order)
    found = {name: sections[name]() for name in order}
    waits = {name: one for name, one in found.items() if isinstance(one, Waits)}
    return sorted((o for o in found.values() if isinstance(o, Throughput)), key=lambda o: o.threads), waits


def _thread(window_ns: int, caller: Caller | None) -> Waits:
    """This thread sleeps, and the caller's calls."""
    started_ns = time.perf_counter_ns()
    end_ns = started_ns + window_ns
    if caller is None:
        return Waits(0, window_ns, sleep_until(end_ns))
    calling = caller.executor.submit(caller.instance.until, end_ns)
    late_ns = sleep_until(end_ns)
    calls, ended_ns = calling.result()
    return Waits(calls, ended_ns - started_ns, late_ns)


def _throughput(window_ns: int, callers: Sequence[Caller]) -> Throughput:
    start = [0]

    def begin() -> None:
        start[0] = time.perf_counter_ns()

    barrier = threading.Barrier(len(callers), begin, timeout=30.0)

    def call(instance: Instance) -> tuple[int, int]:
        barrier.wait()
        calls, ended_ns = instance.until(start[0] + window_ns)
        return calls, ended_ns - start[0]

    results = [f.result() for f in [c.executor.submit(call, c.instance) for c in callers]]
    return Throughput(len(callers), [calls for calls, _ in results], [elapsed for _, elapsed in results])
