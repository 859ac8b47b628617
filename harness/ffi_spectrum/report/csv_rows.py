"""A results file as tidy CSV: raw block times, one row per case, process and round."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from ffi_spectrum.results.store import Results

HEADERS = (
    "case", "kernel", "size", "rung", "variant", "form", "placement", "strategy", "params",
    "process", "round", "iterations", "elapsed_ns", "empty_iterations", "empty_elapsed_ns", "disturbed",
)  # fmt: skip


def to_csv(results: Results) -> str:
    """Nothing is subtracted: `elapsed_ns` is of `iterations` calls, `empty_elapsed_ns` of the empty loop in that round.

    `disturbed` is 1 for rounds that estimates leave out. `params` reads name=value;name=value.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEADERS)
    writer.writerows(_rows(results))
    return text.getvalue()


def _rows(results: Results) -> Iterator[tuple[str | int, ...]]:
    for process in results.processes:
        empty = process.controls["empty"]
        empty_ns = dict(zip(empty.rounds, empty.elapsed_ns, strict=True))
        for row in process.cases:
            case, series = row.case, row.series
            params = ";".join(f"{name}={value}" for name, value in case.params)
            axes = (case.id, case.kernel, case.size, case.rung, case.variant, case.form, case.placement, case.strategy)
            for number, elapsed_ns in zip(series.rounds, series.elapsed_ns, strict=True):
                yield (
                    *axes, params, process.process, number, series.iterations, elapsed_ns,
                    empty.iterations, empty_ns.get(number, ""), int(number in process.disturbed),
                )  # fmt: skip
