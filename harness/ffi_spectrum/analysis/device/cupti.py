"""Launch latency by independent methods, side by side: do they agree with the stamps that the parts come from?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from scipy.stats import linregress

from ffi_spectrum.analysis.device.clock import timeline
from ffi_spectrum.analysis.device.launches import IN_C
from ffi_spectrum.results.device.cupti import CuptiSample, Drain
from ffi_spectrum.results.device.sample import DeviceSample
from ffi_spectrum.results.device.stamps import Pings, Stamps

STAMPS, FLAG, CUPTI, TRACED = "stamps", "flag, less half a ping", "CUPTI", "stamps of what CUPTI records"
SYNCHRONISE, DRAIN = "cuStreamSynchronize", "events around a full queue"
CALL, RETURN, START = "call", "its return", "kernel starts"


@dataclass(frozen=True, slots=True)
class MethodRow:
    """One method: nanoseconds between two points of a bare C launch, on an idle device but for DRAIN.

    `beside` is what it says more than the stamps of the same two points; None for the stamps themselves, and for
    points that they do not have.
    """

    method: str
    begin: str
    end: str
    ns: float
    beside: float | None = None


@dataclass(frozen=True, slots=True)
class DrainFit:
    """Device time between the events around K launches = fixed + K * per launch; least squares over medians."""

    per_launch_ns: float
    fixed_ns: float
    r_squared: float


@dataclass(frozen=True, slots=True)
class LaunchMethods:
    """All methods, the stamps first; `reason` says why CUPTI is not among them ("" where it is).

    `clock_error_ns` bounds what the stamps may be wrong by. `apart_ns` is how much later CUPTI sees the kernels of the
    very same launches start than the stamps do, both on the host's time line, and `cupti_error_ns` bounds how well
    CUPTI's clock is known there; None without CUPTI.
    """

    rows: tuple[MethodRow, ...]
    clock_error_ns: float
    drain: DrainFit | None = None
    reason: str = ""
    apart_ns: float | None = None
    cupti_error_ns: float | None = None


@dataclass(frozen=True, slots=True)
class _Spans:
    """Medians of single launches, from before the call; `flag_way` is half a round trip between host and device."""

    returned: float
    started: float
    seen: float
    flag_way: float
    error: float

    @property
    def after_return(self) -> float:
        return self.started - self.returned


def launch_methods(samples: Sequence[DeviceSample]) -> LaunchMethods | None:
    """From all processes of a run; None where none has stamps of the C launcher."""
    every = [_spans(one.stamps[IN_C], one.pings) for one in samples if IN_C in one.stamps and one.pings]
    if not every:
        return None
    stamps = _Spans(*(median(getattr(one, name) for one in every) for name in _Spans.__slots__))
    traced = next((one.cupti for one in samples if one.cupti is not None), CuptiSample("not asked for"))
    drain = drain_fit([drain for one in samples for drain in one.drains])
    rows = [
        MethodRow(STAMPS, CALL, START, stamps.started),
        _beside(FLAG, CALL, START, stamps.seen - stamps.flag_way, stamps.started),
        *_by_cupti(traced, stamps),
        MethodRow(STAMPS, CALL, "flag seen", stamps.seen),
        *_synchronised(samples),
    ]
    if drain is not None:
        rows.append(MethodRow(DRAIN, "a launch", "the next", drain.per_launch_ns))
    apart = _apart(traced) if traced.started_ns else (None, None)
    return LaunchMethods(tuple(rows), stamps.error, drain, traced.reason, *apart)


def drain_fit(drains: Sequence[Drain]) -> DrainFit | None:
    """Over the medians of each number of launches; None where there are fewer than three numbers."""
    counts = sorted({drain.launches for drain in drains})
    if len(counts) < 3:
        return None
    middles = [median(ns for drain in drains if drain.launches == count for ns in drain.elapsed_ns) for count in counts]
    line = linregress(counts, middles)
    return DrainFit(float(line.slope), float(line.intercept), float(line.rvalue) ** 2)


def _spans(stamps: Stamps, pings: Sequence[Pings]) -> _Spans:
    line = timeline(pings)
    pairs = zip(stamps.asked_ns, stamps.started_ns, strict=True)
    trips = [answered - asked for one in pings for asked, answered in zip(one.asked_ns, one.answered_ns, strict=True)]
    return _Spans(
        median(stamps.returned_ns),
        median(line.host_ns(started) - asked for asked, started in pairs),
        median(stamps.seen_ns),
        median(trips) / 2,
        line.error_ns,
    )


def _by_cupti(traced: CuptiSample, stamps: _Spans) -> Iterator[MethodRow]:
    """The call's spans by both, and what only CUPTI knows; without records, nothing but the stamps'."""
    after = MethodRow(STAMPS, RETURN, START, stamps.after_return)
    if not traced.started_ns or traced.stamps is None:
        yield after
        return
    started = traced.started_ns
    yield _beside(CUPTI, CALL, START, _between(traced.api_start_ns, started), stamps.started)
    own = _spans(traced.stamps, traced.pings)
    yield _beside(TRACED, CALL, START, own.started, stamps.started)
    yield after
    yield _beside(CUPTI, RETURN, START, _between(traced.api_end_ns, started), stamps.after_return)
    yield _beside(TRACED, RETURN, START, own.after_return, stamps.after_return)
    for begin, times in (("queued", traced.queued_ns), ("submitted", traced.submitted_ns)):
        known = [(early, late) for early, late in zip(times, started, strict=True) if early is not None]
        if known:
            yield MethodRow(CUPTI, begin, START, median(late - early for early, late in known))
    yield MethodRow(CUPTI, START, "kernel ends", _between(started, traced.ended_ns))


def _synchronised(samples: Sequence[DeviceSample]) -> Iterator[MethodRow]:
    found = [median(one.synchronised.done_ns) for one in samples if one.synchronised is not None]
    if found:
        yield MethodRow(SYNCHRONISE, CALL, "wait over", median(found))


def _apart(traced: CuptiSample) -> tuple[float | None, float | None]:
    """By how much the two disagree on when the same kernels started, and how far CUPTI's clock may be off."""
    if traced.stamps is None or not traced.pings or not traced.clock:
        return None, None
    device, cupti = timeline(traced.pings), timeline(traced.clock)
    pairs = zip(traced.started_ns, traced.stamps.started_ns, strict=True)
    apart = median(cupti.host_ns(by_cupti) - device.host_ns(by_stamp) for by_cupti, by_stamp in pairs)
    return apart, cupti.error_ns


def _between(early: Sequence[int], late: Sequence[int]) -> float:
    return float(median(b - a for a, b in zip(early, late, strict=True)))


def _beside(method: str, begin: str, end: str, ns: float, stamps_ns: float) -> MethodRow:
    return MethodRow(method, begin, end, ns, ns - stamps_ns)
