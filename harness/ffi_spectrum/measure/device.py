"""Launch latency: single launches on an idle device, by host's and device's clocks."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from dataclasses import replace
from time import perf_counter_ns
from typing import Any

import numpy as np

from ffi_spectrum.device.errors import check
from ffi_spectrum.device.facts import facts_of
from ffi_spectrum.device.session import Session
from ffi_spectrum.errors import MeasurementError
from ffi_spectrum.measure.compiled import compile_function
from ffi_spectrum.measure.control import NO_CASE
from ffi_spectrum.measure.device_copies import sample_copies, sample_overlap
from ffi_spectrum.measure.device_durations import sample_durations
from ffi_spectrum.measure.device_graphs import sample_graphs
from ffi_spectrum.measure.device_returns import sample_returns
from ffi_spectrum.measure.subject import Mark, Subject, Subjects
from ffi_spectrum.results.device import DeviceSample, Pings, Stamps
from ffi_spectrum.rungs.base import BoundCall
from ffi_spectrum.rungs.device_rung import DeviceRung

# The kernel whose panel has the stamps: how long a launch takes to start does not depend on what is started.
KERNEL = "noop"
LAUNCHES, WARM_LAUNCHES = 48, 8
ROUNDS = 96
TIMEOUT_NS = 1_000_000_000
_ONE = ((1, 1, 1), (1, 1, 1))
# Name of the stamps of the C launcher.
IN_C = "c"


def sample_device(subjects: Subjects, mark: Mark) -> DeviceSample | None:
    """Stamps of every launch path of the panel, None where it has none."""
    paths = _paths(subjects)
    if not paths:
        return None
    session = next(iter(paths.values()))[0].session
    mark(NO_CASE)
    pings = [_ping(session)]
    stamps, launches = {}, {}
    for name, (rung, subject) in paths.items():
        mark(subject.index)
        call = rung.stamp(subject.case.variant)
        if call is not None:
            stamps[name], launches[name] = _stamp(session, call), call
    mark(NO_CASE)  # what follows is about the device, and no case of the panel is to blame for it
    stamps[IN_C] = _stamp_in_c(session)
    pings.append(_ping(session))
    sample = _from_origins(stamps, pings)
    return replace(
        sample,
        facts=facts_of(session),
        returns=sample_returns(session, launches),
        graphs=sample_graphs(session),
        durations=sample_durations(session, {name: rung for name, (rung, _) in paths.items()}),
        copies=sample_copies(session),
        overlap_ns=sample_overlap(session),
    )


def _paths(subjects: Subjects) -> dict[str, tuple[DeviceRung, Subject]]:
    found: dict[str, tuple[DeviceRung, Subject]] = {}
    for subject in subjects.near:
        case = subject.case
        if case.kernel == KERNEL and isinstance(subject.rung, DeviceRung):
            found.setdefault(f"{case.rung}.{case.variant}" if case.variant else case.rung, (subject.rung, subject))
    return found


def _stamp(session: Session, call: BoundCall) -> Stamps:
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


def _stamp_in_c(session: Session) -> Stamps:
    words, each, times = session.words, Stamps([], [], [], []), (ctypes.c_int64 * 3)()
    launch = session.launch("ffis_stamp", _ONE, {"words": words[1:3], "ticket": np.uint64(1)})
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


def _without_warm(each: Stamps) -> Stamps:
    lists = (each.asked_ns, each.returned_ns, each.seen_ns, each.started_ns)
    return Stamps(*(values[WARM_LAUNCHES:] for values in lists))


def _ping(session: Session) -> Pings:
    """Rounds with a kernel that answers with its clock; raises MeasurementError where it stops answering."""
    words = session.words
    words[4:7] = 0
    objects = {"words": words[4:7], "rounds": np.uint64(ROUNDS), "ns": np.uint64(2 * TIMEOUT_NS)}
    prepared = session.launch("ffis_pong", _ONE, objects)
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


def _from_origins(stamps: dict[str, Stamps], pings: list[Pings]) -> DeviceSample:
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
