"""Beside the launches: what returns first, what graphs cost and save, and how long copies take."""

from __future__ import annotations

from collections.abc import Iterator

from ffi_spectrum.analysis.device.trials import DeviceTrials
from ffi_spectrum.report.device.chain import LEGEND as CHAIN_LEGEND
from ffi_spectrum.report.device.chain import chain_sheets
from ffi_spectrum.report.device.cupti import LEGEND as METHODS_LEGEND
from ffi_spectrum.report.device.cupti import method_sheet
from ffi_spectrum.report.device.durations import LEGEND as DURATIONS_LEGEND
from ffi_spectrum.report.device.durations import duration_sheets
from ffi_spectrum.report.device.graphs import LEGEND as GRAPHS_LEGEND
from ffi_spectrum.report.device.graphs import graph_sheets
from ffi_spectrum.report.device.queue import LEGEND as QUEUE_LEGEND
from ffi_spectrum.report.device.queue import queue_sheets
from ffi_spectrum.report.device.waiting import LEGEND as WAITING_LEGEND
from ffi_spectrum.report.device.waiting import waiting_sheets
from ffi_spectrum.report.numbers import nbytes, scale_of
from ffi_spectrum.report.remote import Sheet

RETURNS = ("action", "returns first", "after")
# Of the sizes of copies that were timed, those in the table.
SHOWN_NBYTES = (8, 4096, 262144, 16777216)
COPIES = ("copy", "bytes", "returned", "done", "GB/s")
LEGEND = (
    *GRAPHS_LEGEND,
    *DURATIONS_LEGEND,
    *QUEUE_LEGEND,
    *WAITING_LEGEND,
    METHODS_LEGEND,
    *CHAIN_LEGEND,
)


def trial_sheets(trials: DeviceTrials) -> Iterator[Sheet]:
    """The tables of what was tried; none where nothing was."""
    if trials.returns:
        rows = tuple(
            (row.action, f"{row.early} of {row.trials}", scale_of(row.returned_ns).time(row.returned_ns))
            for row in trials.returns
        )
        yield Sheet(f"Behind a kernel of 10 ms ({trials.device}): does it return first?", RETURNS, rows, 1)
    yield from graph_sheets(trials.graphs, trials.graph_costs)
    yield from duration_sheets(trials.durations, trials.overlapping)
    yield from queue_sheets(trials.queue)
    if trials.copies:
        hidden = (
            ""
            if trials.hidden is None
            else f"; beside a kernel, {min(trials.hidden, 1):.0%} of a 16 MiB copy is hidden"
        )
        copies = tuple(
            (row.way, nbytes(row.nbytes), _time(row.returned_ns), _time(row.done_ns), f"{row.nbytes / row.done_ns:.3g}")
            for row in trials.copies
            if row.nbytes in SHOWN_NBYTES
        )
        yield Sheet(f"Copies{hidden}", COPIES, copies, 1)
    yield from waiting_sheets(trials.waiting)
    if trials.methods is not None:
        yield method_sheet(trials.methods)
    yield from chain_sheets(trials.chain)


def _time(ns: float) -> str:
    return scale_of(ns).time(ns)
