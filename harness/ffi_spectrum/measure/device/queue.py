"""The launch queue: how short a kernel must be for the device to wait for the host, and when the host must wait."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from time import perf_counter_ns
from typing import Any

import numpy as np

from ffi_spectrum.device.errors import check
from ffi_spectrum.device.geometry import ONE
from ffi_spectrum.device.session import Session
from ffi_spectrum.measure.compiled import Block, compile_function, compile_loop
from ffi_spectrum.measure.device.spans import Spans
from ffi_spectrum.results.device.queue import Fill, QueueSample, Rows
from ffi_spectrum.rungs.base import BoundCall
from ffi_spectrum.rungs.launch_rung import LaunchRung

PATHS = ("cupy_raw", "cupy_driver", "cuda_core", "cuda_bindings", "cuda_ctypes", "cuda_loop")
DURATIONS_NS = (0, 1_000, 2_000, 3_000, 4_000, 5_000, 6_000, 8_000, 10_000, 12_000, 16_000, 24_000)
ROW_LAUNCHES, ROWS, WARM_LAUNCHES = 128, 2, 8
# More than the queue holds, behind a kernel that ends by itself, so that no launch can wait for ever.
FILL_LAUNCHES, FILL_WIDTH, FILL_BUSY_NS = 2048, 32, 20_000_000
SLOWEST = 4


def sample_queue(session: Session, paths: dict[str, LaunchRung]) -> QueueSample:
    """By those of `paths` that are in PATHS; how many kernels ran is compared with how many were launched."""
    sampler = _Sampler(session)
    rows: dict[str, list[Rows]] = {}
    fills: dict[str, Fill] = {}
    for name in (name for name in PATHS if name in paths):
        rows[name] = [sampler.rows(paths[name], duration_ns) for duration_ns in DURATIONS_NS]
        fills[name] = sampler.fill(paths[name])
    queued = [sampler.queued(duration_ns) for duration_ns in DURATIONS_NS]
    return QueueSample(rows, queued, fills, sampler.wrong)


class _Sampler:
    """Rows and fills of ffis_span, which says when it ran; `wrong` counts those of which not all kernels ran."""

    def __init__(self, session: Session) -> None:
        self._session, self._spans, self.wrong = session, Spans(session, FILL_LAUNCHES), 0
        self._busy = session.launch("ffis_delay", (ONE, ONE), {"duration_ns": np.uint64(FILL_BUSY_NS)})

    def _call(self, rung: LaunchRung, duration_ns: int) -> BoundCall:
        objects = {"duration_ns": np.uint64(duration_ns), "words": self._spans.words}
        return rung.launch_call(self._session.launch("ffis_span", (ONE, ONE), objects), "")

    def rows(self, rung: LaunchRung, duration_ns: int) -> Rows:
        """Launched on an idle device."""
        call, found = self._call(rung, duration_ns), Rows(duration_ns, ROW_LAUNCHES, [], [], [])
        row: Block = compile_loop(call.call, call.names, (), ())
        row(WARM_LAUNCHES)
        self._spans.clear()
        for _ in range(ROWS):
            found.issued_ns.append(row(ROW_LAUNCHES))
            self._add(found)
        return found

    def queued(self, duration_ns: int) -> Rows:
        """By the C loop behind a held stream."""
        session, found = self._session, Rows(duration_ns, ROW_LAUNCHES, [], [], [])
        objects = {"duration_ns": np.uint64(duration_ns), "words": self._spans.words}
        launch = session.launch("ffis_span", (ONE, ONE), objects)
        prepared = launch.prepared(session.entry)
        launch_n, address = session.launcher.launch_n, ctypes.addressof(prepared)
        check(launch_n(address, 1), "launching a kernel")  # not for the first time behind a held stream
        self._spans.clear()
        for _ in range(ROWS):
            session.hold()
            start = perf_counter_ns()
            error = launch_n(address, ROW_LAUNCHES)
            stop = perf_counter_ns()
            session.release()
            check(error, "launching a row")
            found.issued_ns.append(stop - start)
            self._add(found)
        return found

    def _add(self, rows: Rows) -> None:
        spans = self._take(rows.launches)
        rows.busy_ns.append(int((spans[:, 1] - spans[:, 0]).sum()))
        rows.span_ns.append(int(spans[:, 1].max() - spans[:, 0].min()))

    def _take(self, launches: int) -> Any:
        spans = self._spans.take()
        self.wrong += len(spans) != launches
        return spans

    def fill(self, rung: LaunchRung) -> Fill:
        """Every launch timed by itself, from an empty queue until long after it is full."""
        spent: list[int] = []
        call = self._call(rung, 0)
        body = [
            "for _ in range(_launches):",
            "    _start = _clock()",
            f"    {call.call}",
            "    _stop = _clock()",
            "    _record(_stop - _start)",
        ]
        run: Callable[..., Any] = compile_function(body, ("_launches", "_clock", "_record", *call.names))
        run(WARM_LAUNCHES, perf_counter_ns, spent.append, *call.names.values())
        self._spans.clear()
        spent.clear()
        busy = self._busy.prepared(self._session.entry)
        check(self._session.launcher.launch_n(ctypes.addressof(busy), 1), "launching a long kernel")
        run(FILL_LAUNCHES, perf_counter_ns, spent.append, *call.names.values())
        self._take(FILL_LAUNCHES)
        return fill_of(spent)


def fill_of(spent: list[int]) -> Fill:
    """What is recorded of the launches' single times."""
    bins = [sum(spent[start : start + FILL_WIDTH]) for start in range(0, len(spent), FILL_WIDTH)]
    slowest = sorted(range(len(spent)), key=spent.__getitem__)[-SLOWEST:]
    return Fill(FILL_BUSY_NS, FILL_WIDTH, bins, [(place, spent[place]) for place in sorted(slowest)])
