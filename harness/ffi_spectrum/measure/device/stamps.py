"""Single launches on an idle device, by host's and device's clocks, and how the two clocks compare."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from time import perf_counter_ns
from typing import Any

import numpy as np

from ffi_spectrum.device.errors import check
from ffi_spectrum.device.geometry import ONE
from ffi_spectrum.device.probe import LIBRARY
from ffi_spectrum.device.session import Session
from ffi_spectrum.errors import MeasurementError, WrongResult
from ffi_spectrum.measure.compiled import compile_function
from ffi_spectrum.results.device.cupti import SynchronisedLaunches
from ffi_spectrum.results.device.sample import DeviceSample
from ffi_spectrum.results.device.stamps import Pings, Stamps
from ffi_spectrum.rungs.base import BoundCall

LAUNCHES, WARM_LAUNCHES = 48, 8
ROUNDS = 96
TIMEOUT_NS = 1_000_000_000


def stamp_path(session: Session, call: BoundCall) -> Stamps:
    """Launch, wait for the flag, read the device's time, and let the device become idle again."""
    words, each = session.words, Stamps([], [], [], [])
    body = [
        "for _turn in range(_launches):",
        "    _reset()",
        "    _asked = _clock()",
        f"    {call.call}",
        "    _returned = _clock()",
        "    _record(_asked, _returned, _await(_flag, 1, _timeout))",
    ]

    def reset() -> None:
        session.synchronize()
        words[1:3] = 0

    def record(asked: int, returned: int, seen: int) -> None:
        if seen < 0:
            raise MeasurementError("a launched kernel did not set its flag within a second; the device may be busy")
        each.asked_ns.append(asked)
        each.returned_ns.append(returned - asked)
        each.seen_ns.append(seen - asked)
        each.started_ns.append(int(words[1]))

    names = {
        "_reset": reset, "_clock": perf_counter_ns, "_record": record, "_await": session.launcher.await_word,
        "_flag": words[2:3].ctypes.data, "_timeout": TIMEOUT_NS,
    }  # fmt: skip
    run: Callable[..., Any] = compile_function(body, ("_launches", *names, *call.names))
    run(LAUNCHES + WARM_LAUNCHES, *names.values(), *call.names.values())
    session.synchronize()
    return _without_warm(each)


def stamp_in_c(session: Session) -> Stamps:
    """The same by the C launcher, without any binding."""
    words, each, times = session.words, Stamps([], [], [], []), (ctypes.c_int64 * 3)()
    launch = session.launch("ffis_stamp", (ONE, ONE), {"words": words[1:3], "ticket": np.uint64(1)})
    prepared = launch.prepared(session.entry)
    address = words[1:3].ctypes.data
    for _ in range(LAUNCHES + WARM_LAUNCHES):
        session.synchronize()
        words[1:3] = 0
        error = session.launcher.launch_stamp(ctypes.addressof(prepared), address, 1, TIMEOUT_NS, times)
        check(error, "launching a kernel that sets a flag")
        each.asked_ns.append(times[0])
        each.returned_ns.append(times[1] - times[0])
        each.seen_ns.append(times[2] - times[0])
        each.started_ns.append(int(words[1]))
    session.synchronize()
    return _without_warm(each)


def synchronise_in_c(session: Session) -> SynchronisedLaunches:
    """The launches of `stamp_in_c`, each waited for by the driver; raises WrongResult where no flag was set by then."""
    words, each, times = session.words, SynchronisedLaunches([], []), (ctypes.c_int64 * 3)()
    wait = ctypes.cast(ctypes.CDLL(LIBRARY).cuStreamSynchronize, ctypes.c_void_p)
    launch = session.launch("ffis_stamp", (ONE, ONE), {"words": words[1:3], "ticket": np.uint64(1)})
    prepared = launch.prepared(session.entry)
    session.synchronize()
    for turn in range(LAUNCHES + WARM_LAUNCHES):
        words[1:3] = 0
        check(session.launcher.launch_wait(ctypes.addressof(prepared), wait, times), "launching and waiting for it")
        if words[2] != 1:
            raise WrongResult("the wait for a stream was over before the kernel on it had set its flag")
        if turn >= WARM_LAUNCHES:
            each.returned_ns.append(times[1] - times[0])
            each.done_ns.append(times[2] - times[0])
    return each


def _without_warm(each: Stamps) -> Stamps:
    lists = (each.asked_ns, each.returned_ns, each.seen_ns, each.started_ns)
    return Stamps(*(values[WARM_LAUNCHES:] for values in lists))


def ping_device(session: Session) -> Pings:
    """Rounds with a kernel that answers with its clock; raises MeasurementError where it stops answering."""
    words = session.words
    words[4:7] = 0
    objects = {"words": words[4:7], "rounds": np.uint64(ROUNDS), "ns": np.uint64(2 * TIMEOUT_NS)}
    prepared = session.launch("ffis_pong", (ONE, ONE), objects)
    call = prepared.prepared(session.entry)
    check(session.launcher.launch_n(ctypes.addressof(call), 1), "launching the kernel that answers")
    arrays = [np.zeros(ROUNDS, dtype) for dtype in (np.int64, np.int64, np.uint64)]
    addresses = [array.ctypes.data for array in arrays]
    done = session.launcher.ping(words[4:7].ctypes.data, ROUNDS, TIMEOUT_NS, *addresses)
    session.synchronize()
    if done != ROUNDS:
        raise MeasurementError(f"the device answered {done} of {ROUNDS} rounds, then no more")
    asked, answered, device = (array[1:].tolist() for array in arrays)  # the first waits for the kernel's start
    return Pings(asked, answered, device)


def from_origins(stamps: dict[str, Stamps], pings: list[Pings]) -> DeviceSample:
    """The same with times counted from the first ping's, so that they stay short."""
    host, device = pings[0].asked_ns[0], pings[0].device_ns[0]
    return DeviceSample(
        host, device,
        {
            name: Stamps([t - host for t in s.asked_ns], s.returned_ns, s.seen_ns, [t - device for t in s.started_ns])
            for name, s in stamps.items()
        },
        [
            Pings([t - host for t in p.asked_ns], [t - host for t in p.answered_ns], [t - device for t in p.device_ns])
            for p in pings
        ],
    )  # fmt: skip
