"""Launch latency by independent methods, as a table."""

from __future__ import annotations

from ffi_spectrum.analysis.device.cupti import LaunchMethods, MethodRow
from ffi_spectrum.report.numbers import NOTHING, scale_of
from ffi_spectrum.report.remote import Sheet

HEADERS = ("method", "from", "to", "time", "beside the stamps")
LEGEND = (
    "Launch latency by independent methods: a bare C launch on an idle device. stamps: host times, and the kernel's "
    "reading of the device's clock, compared with the host's by a ping-pong. flag, less half a ping: when the host saw "
    "the kernel's flag, less half a round trip; no clock of the device takes part. CUPTI: its own records of the "
    "driver's call and of the kernel, in a process of its own, and beside them the stamps of the same launches: CUPTI "
    "slows launches, so what both say more than the stamps elsewhere is its price, not an error of theirs. events "
    "around a full queue: device time per launch where all are queued before the first runs; no latency, but the least "
    "that a launch occupies the device."
)


def method_sheet(methods: LaunchMethods) -> Sheet:
    """One row per method and pair of points; the title says how well the clocks are known, or why CUPTI is missing."""
    rows = tuple(map(_row, methods.rows))
    return Sheet(f"Launch latency by other methods; {_title(methods)}", HEADERS, rows, 3)


def _title(methods: LaunchMethods) -> str:
    stamps = f"stamps within {_time(methods.clock_error_ns)}"
    if methods.reason:
        return f"{stamps}; nothing by CUPTI: {methods.reason}"
    if methods.apart_ns is None or methods.cupti_error_ns is None:
        return stamps
    sooner = "later" if methods.apart_ns >= 0 else "sooner"
    return (
        f"{stamps}; CUPTI sees the same kernels start {_time(abs(methods.apart_ns))} {sooner} "
        f"(its clock within {_time(methods.cupti_error_ns)})"
    )


def _row(row: MethodRow) -> tuple[str, ...]:
    if row.beside is None:
        return (row.method, row.begin, row.end, _time(row.ns), NOTHING)
    return (row.method, row.begin, row.end, _time(row.ns), f"{'+' if row.beside >= 0 else ''}{_time(row.beside)}")


def _time(ns: float) -> str:
    return scale_of(ns).time(ns)
