"""Kernels of known length: times by every way, what is hidden, when the toll is small, and which model holds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ffi_spectrum.analysis.device.durations import (
    ADDITIVE,
    HOLDS_WITHIN,
    MAXIMUM,
    SMALL_SHARE,
    DurationRow,
    ModelRow,
    SmallToll,
    model_rows,
    small_tolls,
)
from ffi_spectrum.report.numbers import NOTHING, scale_of
from ffi_spectrum.report.remote import Sheet

DURATIONS = (
    "kernel", "path", "launches", "measured", "wait each", "in a row", "graph", "early", "late", "row hides",
    "graph hides", "early hides", "late hides",
)  # fmt: skip
SMALL = ("path", "in a row", "graph", "both")
MODELS = ("path", "launched", "holds", "host + latency", "error", "host", "gap", "error of max")
_ORDERS = ("early", "late")
LEGEND = (
    "kernel: as long as it was asked to run; measured: by the device's clock. early: a graph of programmatic dependent "
    "launches, each kernel waiting for the one before it, and letting the next be scheduled before that wait; late: "
    "behind it. hides: the share of the toll of a wait after each launch, 1 - (T/N - d) / (T_each/N - d), d being "
    "measured. The one wait at the end is shared by N launches: no more than 1 - 1/N can be hidden.",
    f"under {SMALL_SHARE:.0%}: from which kernel on all that is not the kernel's own time is that little of it; on a "
    "line in logarithms between two lengths.",
    f"models of the time per launch: {ADDITIVE}, or {MAXIMUM}; fitted over all lengths, errors are the largest. It "
    f"holds where that is within {HOLDS_WITHIN:.0%}. Without a host's time, d + gap is the larger throughout: both "
    "are the same.",
)


def duration_sheets(rows: Sequence[DurationRow], overlapping: int) -> Iterator[Sheet]:
    """Three tables, none without rows."""
    if not rows:
        return
    wrong = f"; {overlapping} dependent kernels did not wait" if overlapping else ""
    yield Sheet(f"Kernels of known length, per launch{wrong}", DURATIONS, tuple(map(_duration, rows)), 2)
    yield Sheet(
        f"Kernels whose toll is under {SMALL_SHARE:.0%}, launched in a row",
        SMALL,
        tuple(map(_small, small_tolls(rows))),
        1,
    )
    yield Sheet("Which model of a launch holds", MODELS, tuple(map(_model, model_rows(rows))), 3)


def _duration(row: DurationRow) -> tuple[str, ...]:
    times = (row.own_ns, row.each_ns, row.row_ns, row.graph_ns, *(row.dependent_ns.get(order) for order in _ORDERS))
    hidden = (row.row_hidden, row.graph_hidden, *(row.dependent_hidden.get(order) for order in _ORDERS))
    return (_time(row.duration_ns), row.path, str(row.launches), *map(_time, times), *map(_share, hidden))


def _small(toll: SmallToll) -> tuple[str, ...]:
    return (toll.path, *map(_time, (toll.row_ns, toll.graph_ns, toll.both_ns)))


def _model(row: ModelRow) -> tuple[str, ...]:
    return (
        row.path, row.way, row.holds or "none", _time(row.toll_ns), _share(row.toll_error), _time(row.host_ns),
        _time(row.gap_ns), _share(row.max_error),
    )  # fmt: skip


def _share(value: float | None) -> str:
    return NOTHING if value is None else f"{value:.1%}"


def _time(ns: float | None) -> str:
    return NOTHING if ns is None else scale_of(ns).time(ns)
