"""Launch paths: three parts of a launch, and a sentence for each path that says whose they are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ffi_spectrum.analysis.device.launches import LaunchCost
from ffi_spectrum.analysis.estimate import Estimate
from ffi_spectrum.report.numbers import NOTHING, ratio, scale_of
from ffi_spectrum.report.remote import Sheet
from ffi_spectrum.report.rows import panel_title, way_of

PARTS = ("path", "form", "held", "crossing", "enqueue", "latency", "to C loop", "C no-op")
IDLE = ("path", "returned", "started", "parts", "after return", "flag seen", "parts and flag", "sync each")
LEGEND = (
    "held: launches behind a stream that is held back. enqueue: the same from a loop in C, one crossing for all. "
    "crossing: the difference of the two, which is the binding's. An expression launches several kernels: the enqueue "
    "of all but one counts as its crossing. latency: what an idle device takes beyond the enqueue until the kernel of "
    "a bare C launch starts. C no-op: the same call of a C function that does nothing.",
    "Single launches on an idle device, counted from before the call: until it returned, until the kernel started (and "
    "how long after the return that was), until the host saw the kernel's flag, and beside them what the parts add up "
    "to (and the flag's way). sync each: launch and wait.",
)


def device_sheets(estimates: Iterable[Estimate]) -> Iterator[Sheet]:
    """Two tables for each panel with launch paths; the second only where single launches were timed."""
    for title, rows in _panels(estimates).items():
        yield Sheet(f"{title}: three parts of a launch", PARTS, tuple(_parts(*row) for row in rows), 2)
        idle = tuple(_idle(*row) for row in rows if row[1].started is not None and not row[0].params.get("nargs"))
        error_ns = next((cost.clock_error_ns for _, cost in rows if cost.clock_error_ns), None)
        if idle:
            yield Sheet(f"{title}: on an idle device; clocks agree within {_time(error_ns)}", IDLE, idle, 1)


def device_lines(estimates: Iterable[Estimate]) -> list[str]:
    """One sentence per path whose kernel was seen to start, of the first panel that has it."""
    found: dict[str, str] = {}
    for title, rows in _panels(estimates).items():
        for estimate, cost in rows:
            if not estimate.params.get("nargs") and cost.started is not None:
                found.setdefault(_path(estimate), f"{_path(estimate)} ({title}): {sentence(cost)}")
    return list(found.values())


def sentence(cost: LaunchCost) -> str:
    """Of X us until the kernel starts, as the parts add up, whose are they? And how long it was seen to be."""
    parts = [max(ns, 0.0) / 1000 for ns in (cost.crossing.point, cost.enqueue.point, cost.latency or 0.0)]
    crossing, enqueue, latency = (f"{us:.1f} us" for us in parts)
    seen = "" if cost.started is None else f" ({cost.started / 1000:.1f} by the clocks)"
    return (
        f"of {sum(parts):.1f} us until the kernel starts{seen}, {crossing} is the binding, {enqueue} the driver, "
        f"{latency} the device; a free binding would save {crossing}"
    )


def _panels(estimates: Iterable[Estimate]) -> dict[str, list[tuple[Estimate, LaunchCost]]]:
    panels: dict[str, list[tuple[Estimate, LaunchCost]]] = {}
    for estimate in estimates:
        if estimate.launch is not None and estimate.status == "ok":
            panels.setdefault(panel_title(estimate), []).append((estimate, estimate.launch))
    return panels


def _parts(estimate: Estimate, cost: LaunchCost) -> tuple[str, ...]:
    times = (cost.held.point, cost.crossing.point, cost.enqueue.point, cost.latency)
    return (way_of(estimate), estimate.form, *map(_time, times), ratio(cost.ratio), _time(cost.nothing))


def _idle(estimate: Estimate, cost: LaunchCost) -> tuple[str, ...]:
    after = None if cost.started is None or cost.returned is None else cost.started - cost.returned
    times = (cost.returned, cost.started, cost.until_start, after, cost.flag, cost.expected_flag, estimate.ns_per_call)
    return (_path(estimate), *map(_time, times))


def _path(estimate: Estimate) -> str:
    """The path without the number of arguments, where it stands for all of them."""
    return way_of(estimate).removesuffix(" nargs=0")


def _time(ns: float | None) -> str:
    return NOTHING if ns is None else scale_of(ns).time(ns)
