"""The process that CUPTI records: launches by the C launcher, stamped by us as well. Started by cupti.py."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from time import perf_counter_ns
from typing import Any, NamedTuple

from ffi_spectrum.device.session import Session
from ffi_spectrum.errors import MeasurementError, Unavailable
from ffi_spectrum.measure.device.stamps import LAUNCHES, WARM_LAUNCHES, from_origins, ping_device, stamp_in_c
from ffi_spectrum.results.device.cupti import CuptiSample
from ffi_spectrum.results.device.stamps import Pings

SYMBOL, NAME = "ffis_stamp", "c"
BUFFER_NBYTES = 8 << 20  # all records fit into one: none is handed out while launches are timed
READINGS = 64
_FLUSH_COMPLETE, _FLUSH_ALL = 0, 1  # 1 is CUPTI_ACTIVITY_FLAG_FLUSH_FORCED


class Call(NamedTuple):
    """A call of the driver, by CUPTI's clock."""

    start_ns: int
    end_ns: int


class Kernel(NamedTuple):
    """A kernel that ran, by CUPTI's clock; 0 stands for a time that CUPTI does not know."""

    correlation: int
    queued_ns: int
    submitted_ns: int
    start_ns: int
    end_ns: int


class Recorder:
    """Calls by their correlation id, and the kernels named SYMBOL, as CUPTI hands them out."""

    def __init__(self, cupti: Any) -> None:
        self.cupti = cupti
        self.calls: dict[int, Call] = {}
        self.kernels: list[Kernel] = []

    def start(self) -> None:
        """Before CUDA is initialised in this process: later, queued and submitted times are not collected."""
        cupti, kind = self.cupti, self.cupti.ActivityKind
        cupti.activity_enable_latency_timestamps(1)
        cupti.activity_enable(kind.CONCURRENT_KERNEL)
        cupti.activity_enable(kind.DRIVER)
        cupti.activity_register_callbacks(lambda: (BUFFER_NBYTES, 0), self.receive)

    def receive(self, records: Any) -> None:
        """CUPTI's callback: takes what is used, because the records end with their buffer."""
        kind = self.cupti.ActivityKind
        for record in records:
            if record.kind == kind.DRIVER:
                self.calls[record.correlation_id] = Call(record.start, record.end)
            elif record.kind == kind.CONCURRENT_KERNEL and record.name == SYMBOL:
                times = (record.queued, record.submitted, record.start, record.end)
                self.kernels.append(Kernel(record.correlation_id, *times))

    def read_clock(self) -> Pings:
        """CUPTI's clock between two readings of the host's."""
        read, rounds = self.cupti.get_timestamp, Pings([], [], [])
        for _ in range(READINGS):
            asked = perf_counter_ns()
            now = read()
            answered = perf_counter_ns()
            rounds.asked_ns.append(asked)
            rounds.device_ns.append(now)
            rounds.answered_ns.append(answered)
        return rounds

    def flush(self) -> None:
        self.cupti.activity_flush_all(_FLUSH_COMPLETE)
        self.cupti.activity_flush_all(_FLUSH_ALL)


def trace(row: Mapping[str, Any]) -> dict[str, Any]:
    """A CuptiSample as a dictionary; raises Unavailable where CUPTI is missing or does not work with this driver."""
    try:
        from cupti import cupti
    except ImportError as error:
        raise Unavailable(f"cupti-python cannot be imported: {error}") from error
    recorder = Recorder(cupti)
    with translated(cupti, "starting CUPTI"):
        recorder.start()
    session = Session(Path(row["cubin"]), Path(row["launcher"]))
    pings = [ping_device(session)]
    with translated(cupti, "reading CUPTI's clock"):
        clock = [recorder.read_clock()]
    stamps = stamp_in_c(session)
    with translated(cupti, "reading CUPTI's records"):
        clock.append(recorder.read_clock())
        pings.append(ping_device(session))
        recorder.flush()
    own = from_origins({NAME: stamps}, pings)
    calls, kernels = joined(recorder)
    origin, host = calls[0].start_ns, own.host_origin_ns
    sample = CuptiSample(
        version=version("cupti-python"),
        origin_ns=origin,
        api_start_ns=[call.start_ns - origin for call in calls],
        api_end_ns=[call.end_ns - origin for call in calls],
        queued_ns=[kernel.queued_ns - origin if kernel.queued_ns else None for kernel in kernels],
        submitted_ns=[kernel.submitted_ns - origin if kernel.submitted_ns else None for kernel in kernels],
        started_ns=[kernel.start_ns - origin for kernel in kernels],
        ended_ns=[kernel.end_ns - origin for kernel in kernels],
        stamps=own.stamps[NAME],
        pings=own.pings,
        clock=[from_origin(rounds, host, origin) for rounds in clock],
    )
    return asdict(sample)


def joined(recorder: Recorder) -> tuple[list[Call], list[Kernel]]:
    """Driver calls and their kernels in the order of the launches, without the warm ones.

    Raises MeasurementError where CUPTI lost a record or has no times for one.
    """
    kernels = sorted(recorder.kernels, key=lambda kernel: kernel.start_ns)
    found = [kernel for kernel in kernels if kernel.start_ns and kernel.correlation in recorder.calls]
    if len(found) != LAUNCHES + WARM_LAUNCHES:
        raise MeasurementError(
            f"CUPTI recorded {len(found)} of {LAUNCHES + WARM_LAUNCHES} launches with their times "
            f"({len(kernels)} kernels, {len(recorder.calls)} calls of the driver)"
        )
    kept = found[WARM_LAUNCHES:]
    return [recorder.calls[kernel.correlation] for kernel in kept], kept


def from_origin(rounds: Pings, host_ns: int, cupti_ns: int) -> Pings:
    """The same with times counted from these two."""
    asked, answered = ([t - host_ns for t in times] for times in (rounds.asked_ns, rounds.answered_ns))
    return Pings(asked, answered, [t - cupti_ns for t in rounds.device_ns])


@contextmanager
def translated(cupti: Any, doing: str) -> Iterator[None]:
    """Turn CUPTI's errors, and those of looking for its library, into Unavailable."""
    try:
        yield
    except (cupti.cuptiError, RuntimeError) as error:
        raise Unavailable(f"{doing}: {error}; cupti-python must not be newer than the driver's CUDA") from error
