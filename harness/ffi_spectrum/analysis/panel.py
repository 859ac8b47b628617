"""Has a panel been measured often enough? Told from its results file alone."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from ffi_spectrum.analysis.cap import Cap
from ffi_spectrum.analysis.estimate import reduce_processes
from ffi_spectrum.analysis.interval import median_interval
from ffi_spectrum.analysis.stopping import STOP_CONFIDENCE, Precision, panel_precision
from ffi_spectrum.errors import ResultsError
from ffi_spectrum.results.record import ProcessRecord
from ffi_spectrum.results.store import Results


def next_look(results: Results, panel: str) -> int:
    """Up to how many processes the panel is to be measured; where it has as many, it stops.

    It stops at a look where every case is known precisely, whatever the cases' times are, and at its cap. A look that
    was passed is not taken again, so a resumed run goes on where it was.
    """
    cap = Cap.of(results.run.plan)
    if cap is None:
        raise ResultsError("the plan of this run has no looks: measure again, into another file")
    records = [record for record in results.processes if record.panel == panel]
    reached, following = cap.look(records), cap.following(records)
    if len(records) < reached or following == reached:
        return reached
    precision = panel_precision(len(results.run.plan["panels"][panel]))
    return reached if is_precise(records, precision, results.left_out) else following


def is_precise(records: Sequence[ProcessRecord], precision: Precision, left_out: Collection[str] = ()) -> bool:
    """True where both intervals of every case are narrow enough, the boundary's by the case's time per call.

    Cases that the last process did not have, and those in `left_out`, will get no further values and do not count.
    `records` are the processes of one panel.
    """
    samples = reduce_processes(records)
    for id in {row.case.id for row in records[-1].cases} - set(left_out):
        call = median_interval(samples[id].call, STOP_CONFIDENCE)
        boundary = median_interval(samples[id].boundary or [0.0], STOP_CONFIDENCE)
        if max(call.half_width, boundary.half_width) > precision.aim_ns(call.point):
            return False
    return True
