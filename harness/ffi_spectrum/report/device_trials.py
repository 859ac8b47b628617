"""Beside the launches: what returns first, what graphs cost and save, and how long copies take."""

from __future__ import annotations

from collections.abc import Iterator

from ffi_spectrum.analysis.device_trials import DeviceTrials, DurationRow, GraphRow
from ffi_spectrum.report.numbers import NOTHING, nbytes, scale_of
from ffi_spectrum.report.remote import Sheet

RETURNS = ("action", "returns first", "after")
GRAPHS = (
    "nodes", "capture", "instantiate", "launch", "replay", "a node", "C loop", "pays after", "new scalar",
    "new shape", "wrong",
)  # fmt: skip
DURATIONS = ("kernel", "path", "wait each", "in a row", "graph", "hidden in a row", "hidden by graph")
# Of the sizes of copies that were timed, those in the table.
SHOWN_NBYTES = (8, 4096, 262144, 16777216)
COPIES = ("copy", "bytes", "returned", "done", "GB/s")
LEGEND = (
    "launch: one launch of the graph on the host, the stream held back. replay: a launch and the wait for it, on new "
    "data, each compared with the oracle. C loop: the same launches by the C loop, with one wait. pays after: replays "
    "that save what capture and instantiation cost. new scalar: captured again, and taken over by the executable "
    "graph. new shape: captured and instantiated again.",
)


def trial_sheets(trials: DeviceTrials) -> Iterator[Sheet]:
    """Up to three tables."""
    if trials.returns:
        rows = tuple(
            (row.action, f"{row.early} of {row.trials}", scale_of(row.returned_ns).time(row.returned_ns))
            for row in trials.returns
        )
        yield Sheet(f"Behind a kernel of 10 ms ({trials.device}): does it return first?", RETURNS, rows, 1)
    if trials.graphs:
        yield Sheet("Graphs of dependent launches", GRAPHS, tuple(map(_graph, trials.graphs)), 0)
    if trials.durations:
        yield Sheet("Kernels of known length, per launch", DURATIONS, tuple(map(_duration, trials.durations)), 2)
    if trials.copies:
        hidden = "" if trials.hidden is None else f"; beside a kernel, {trials.hidden:.0%} of a 16 MiB copy is hidden"
        copies = tuple(
            (row.way, nbytes(row.nbytes), _time(row.returned_ns), _time(row.done_ns), f"{row.nbytes / row.done_ns:.3g}")
            for row in trials.copies
            if row.nbytes in SHOWN_NBYTES
        )
        yield Sheet(f"Copies{hidden}", COPIES, copies, 1)


def _graph(row: GraphRow) -> tuple[str, ...]:
    times = (row.capture_ns, row.instantiate_ns, row.held_ns, row.replay_ns, row.replay_ns / row.nodes, row.loop_ns)
    pays = NOTHING if row.pays_after is None else f"{row.pays_after:,.1f}"
    return (
        f"{row.nodes:,}", *map(_time, times), pays, _time(row.update_ns), _time(row.recapture_ns), str(row.wrong),
    )  # fmt: skip


def _duration(row: DurationRow) -> tuple[str, ...]:
    times = map(_time, (row.each_ns, row.row_ns, row.graph_ns))
    return (_time(row.duration_ns), row.path, *times, f"{row.row_hidden:.0%}", f"{row.graph_hidden:.0%}")


def _time(ns: float) -> str:
    return scale_of(ns).time(ns)
