"""Ways to wait for a long kernel: the CPU time that each burns, and how late another Python thread wakes meanwhile."""

from __future__ import annotations

import ctypes
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import perf_counter_ns
from typing import Any

import numpy as np

from ffi_spectrum.device.errors import check, translated
from ffi_spectrum.device.geometry import ONE
from ffi_spectrum.device.launch import Launch
from ffi_spectrum.device.probe import LIBRARY
from ffi_spectrum.device.session import Session
from ffi_spectrum.errors import Unavailable, WrongResult
from ffi_spectrum.measure.compiled import compile_function
from ffi_spectrum.measure.waits import PERIOD_NS, sleep_until
from ffi_spectrum.remote.cores import worker_cpu
from ffi_spectrum.results.device.waiting import Waiting

# Six switch intervals of Python (5 ms): a thread that has to ask for the GIL differs from one that never gets it.
BUSY_NS = 30_000_000
TRIALS = 1
# Name of what the waits are compared with: the kernel runs, and the thread sleeps instead.
NOBODY = "nobody waits"
Spent = tuple[int, int, int]
_SCHEDULES = {"spins": 1, "yields": 2, "blocks": 4}  # CU_CTX_SCHED_SPIN, _YIELD, _BLOCKING_SYNC


@dataclass(frozen=True, slots=True)
class Way:
    """Statements that wait, over `names`, behind the launches; `schedule` is a context flag, 0 as it was found."""

    lines: tuple[str, ...]
    names: Mapping[str, Any] = field(default_factory=dict)
    schedule: int = 0
    waits: bool = True


def sample_waiting(session: Session) -> dict[str, Waiting]:
    """By way; raises WrongResult where one returned before the kernels were over."""
    others = _sleeper_cpus()
    ways = dict(_ways(session))
    found = {}
    with ThreadPoolExecutor(1, initializer=_move_to, initargs=(others,)) as sleeper:
        for name, way in ways.items():
            one = Waiting(BUSY_NS, bool(others), [], [], [], [])
            with _scheduled(way.schedule) as is_accepted:
                if is_accepted:
                    _wait(session, way, 0, sleeper)  # loads what is loaded once
                    for _ in range(TRIALS):
                        _add(one, *_wait(session, way, BUSY_NS, sleeper))
                    found[name] = one
    return found


def _ways(session: Session) -> Iterator[tuple[str, Way]]:
    yield NOBODY, Way(("sleep(_busy_ns * 1e-9)",), {"sleep": time.sleep}, waits=False)
    yield from _by_stream(session)
    yield from _by_event(session)
    polling = {"stream": session.stream, "sleep": time.sleep}
    yield "poll stream.done", Way(("while not stream.done: pass",), polling)
    yield "poll, sleep(0) between", Way(("while not stream.done: sleep(0)",), polling)
    yield "poll, sleep(0.1 ms) between", Way(("while not stream.done: sleep(1e-4)",), polling)
    for does, schedule in _SCHEDULES.items():
        synchronize = {"synchronize": session.stream.synchronize}
        yield f"CuPy stream, the context {does}", Way(("synchronize()",), synchronize, schedule)


def _by_stream(session: Session) -> Iterator[tuple[str, Way]]:
    from cuda.bindings import driver
    from cuda.core import Device, Stream

    Device(session.device).set_current()
    handle = int(session.stream.ptr)
    bindings = {"wait": driver.cuStreamSynchronize, "stream": driver.CUstream(handle)}
    yield "CuPy stream", Way(("synchronize()",), {"synchronize": session.stream.synchronize})
    yield "cuda.bindings", Way(("wait(stream)",), bindings)
    yield "cuda.core", Way(("sync()",), {"sync": Stream.from_handle(handle).sync})
    for name, library in (("ctypes.CDLL", ctypes.CDLL(LIBRARY)), ("ctypes.PyDLL", ctypes.PyDLL(LIBRARY))):
        wait = library.cuStreamSynchronize
        wait.argtypes = (ctypes.c_void_p,)
        yield name, Way(("wait(stream)",), {"wait": wait, "stream": handle})


def _by_event(session: Session) -> Iterator[tuple[str, Way]]:
    events = {block: session.cupy.cuda.Event(block=block, disable_timing=True) for block in (False, True)}
    record = "event.record(stream)"
    for block, name in ((False, "CuPy event"), (True, "CuPy event, blocking")):
        yield name, Way((record, "event.synchronize()"), {"event": events[block], "stream": session.stream})
    for name, library in (("ctypes.CDLL", ctypes.CDLL(LIBRARY)), ("ctypes.PyDLL", ctypes.PyDLL(LIBRARY))):
        wait = library.cuEventSynchronize
        wait.argtypes = (ctypes.c_void_p,)
        names = {"event": events[True], "stream": session.stream, "wait": wait, "handle": int(events[True].ptr)}
        yield f"{name}, blocking event", Way((record, "wait(handle)"), names)


def _wait(session: Session, way: Way, busy_ns: int, sleeper: ThreadPoolExecutor) -> tuple[Spent, list[int]]:
    """Elapsed, thread's and process's CPU nanoseconds of one wait, and how late the sleeper woke meanwhile."""
    words = session.words
    delay = session.launch("ffis_delay", (ONE, ONE), {"ns": np.uint64(busy_ns)})
    stamp = session.launch("ffis_stamp", (ONE, ONE), {"words": words[1:3], "ticket": np.uint64(1)})
    session.synchronize()
    words[1:3] = 0
    timed, values = _compiled(session, way, (delay, stamp), busy_ns)
    begun = threading.Event()
    late = sleeper.submit(_sleep, begun, busy_ns)
    begun.wait()  # and the GIL comes here when the sleeper sleeps
    (errors, spent), is_over = timed(*values), words[2] == 1
    late_ns = late.result()
    session.synchronize()
    check(max(errors), "launching a long kernel")
    if way.waits and not is_over:
        raise WrongResult(f"the wait by {way.lines[-1]!r} returned before the kernels were over")
    return spent, late_ns


def _compiled(
    session: Session, way: Way, launches: tuple[Launch, Launch], busy_ns: int
) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    """Two launches and the wait, with clocks around them; and the function's arguments."""
    prepared = [launch.prepared(session.entry) for launch in launches]
    names = {
        "_launch": session.launcher.launch_n, "_delay": ctypes.addressof(prepared[0]),
        "_stamp": ctypes.addressof(prepared[1]), "_owner": (launches, prepared), "_clock": perf_counter_ns,
        "_thread": time.thread_time_ns, "_process": time.process_time_ns, "_busy_ns": busy_ns, **way.names,
    }  # fmt: skip
    body = [
        "_own, _all, _start = _thread(), _process(), _clock()",
        "_errors = _launch(_delay, 1), _launch(_stamp, 1)",
        *way.lines,
        "_elapsed = _clock() - _start",
        "return _errors, (_elapsed, _thread() - _own, _process() - _all)",
    ]
    return compile_function(body, tuple(names)), tuple(names.values())


def _sleep(begun: threading.Event, busy_ns: int) -> list[int]:
    begun.set()
    return sleep_until(perf_counter_ns() + busy_ns - PERIOD_NS)


def _add(one: Waiting, spent: Spent, late_ns: list[int]) -> None:
    for values, value in zip((one.elapsed_ns, one.thread_cpu_ns, one.process_cpu_ns), spent, strict=True):
        values.append(value)
    one.late_ns.extend(late_ns)


def _sleeper_cpus() -> set[int]:
    """Another CPU than the waiting thread's, none where there is but one."""
    try:
        return {worker_cpu(2)}
    except Unavailable:
        return set()


def _move_to(cpus: set[int]) -> None:
    if cpus:
        os.sched_setaffinity(0, cpus)  # 0 is the calling thread: sched_setaffinity(2)


@contextmanager
def _scheduled(schedule: int) -> Iterator[bool]:
    """Waits of the context as `schedule` says (0: as it was found); yields whether the driver accepts that.

    cuCtxSetFlags of CUDA 12.1 and later changes a context that exists.
    """
    from cuda.bindings import driver

    if not schedule:
        yield True
        return
    with translated("reading the context's flags"):
        error, before = driver.cuCtxGetFlags()
    check(int(error), "reading the context's flags")
    kept = int(before) & ~7  # CU_CTX_SCHED_MASK
    (error,) = driver.cuCtxSetFlags(kept | schedule)
    try:
        yield int(error) == 0
    finally:
        driver.cuCtxSetFlags(int(before))
