"""Two more tables where the far side is another process: single calls with their tail, and where the time goes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ffi_spectrum.analysis.estimate import Estimate
from ffi_spectrum.analysis.remote import RemoteCost
from ffi_spectrum.report.numbers import NOTHING, ratio, scale_of
from ffi_spectrum.report.rows import panel_title, way_of

CALLS = ("rung", "placement", "p50", "p99", "p99.9", "mean", "CPU here", "CPU there", "times line")
SHARES = ("rung", "form", "placement", "whole", "serialise", "copy", "wake", "work")
LEGEND = (
    "p50 to mean: single calls, net of the clock and of the loop around them, as is CPU here. CPU here, CPU there: CPU "
    "time per call in the caller and in the worker. times line: ratio of the time per call to the round trip of one "
    "cache line between the two CPUs. Caller and worker are on different CPUs, except where it says cores=1.",
    "serialise and copy are run alone, work is the far-side loop, and wake is the rest of the whole: transport, "
    "scheduling and waiting. A spinning row burns a CPU all the time: see its blocking twin.",
)


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table as text: the first `texts` columns are words, the others numbers."""

    title: str
    headers: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    texts: int

    @property
    def alignment(self) -> str:
        return "l" * self.texts + "r" * (len(self.headers) - self.texts)


def remote_sheets(estimates: Iterable[Estimate]) -> Iterator[Sheet]:
    """The two tables of each panel that has such cases; columns that are empty throughout are left out."""
    panels: dict[str, list[tuple[Estimate, RemoteCost]]] = {}
    for estimate in estimates:
        if estimate.remote is not None and estimate.status == "ok":
            panels.setdefault(panel_title(estimate), []).append((estimate, estimate.remote))
    for title, rows in panels.items():
        line_ns = next((cost.line_ns for _, cost in rows if cost.line_ns), None)
        line = f"; round trip of a cache line: {_time(line_ns)}" if line_ns else ""
        calls = tuple(_calls(*row) for row in rows if row[1].p50_ns is not None)
        shares = tuple(_shares(*row) for row in rows if row[1].parts)
        if calls:
            yield Sheet(f"{title}: single calls{line}", CALLS, calls, 2)
        if shares:
            yield Sheet(f"{title}: where the time goes", SHARES, shares, 3)


def _calls(estimate: Estimate, cost: RemoteCost) -> tuple[str, ...]:
    times = (cost.p50_ns, cost.p99_ns, cost.p999_ns, cost.mean_ns, cost.client_cpu_ns, cost.worker_cpu_ns)
    return (way_of(estimate), estimate.placement, *map(_time, times), ratio(cost.ratio_to_line))


def _shares(estimate: Estimate, cost: RemoteCost) -> tuple[str, ...]:
    parts = (cost.parts.get(name) for name in SHARES[4:])
    return (way_of(estimate), estimate.form, estimate.placement, _time(estimate.ns_per_call), *map(_time, parts))


def _time(ns: float | None) -> str:
    return NOTHING if ns is None else scale_of(ns).time(ns)
