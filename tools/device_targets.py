"""Print the targets of the device's launch paths beside what a recorded run says of them.

    python tools/device_targets.py [RESULTS.jsonl [REPEAT.jsonl ...]] [--json]

Every figure is computed from the raw times in the first file; further ones say how much rows change from run to run,
among themselves where there are several: they should be of one machine. Exit code 1 where a target is missed; one that
the file says nothing about is neither met nor missed.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from ffi_spectrum.analysis.device.durations import duration_rows
from ffi_spectrum.analysis.device.graphs import IN_PYTHON, graph_costs
from ffi_spectrum.analysis.device.targets import (
    Figure,
    crossing_prediction,
    flag_prediction,
    latency_agreement,
    noop_costs,
    one_crossing,
    over_floor,
    start_prediction,
    worst_spread,
)
from ffi_spectrum.report.numbers import ratio
from ffi_spectrum.results.device.sample import DeviceSample
from ffi_spectrum.results.store import Results, read_results
from ffi_spectrum.validation.target import Target, at_least, at_most

RECORDED = Path(__file__).parents[1] / "docs" / "results" / "device-h100.jsonl"
ABSENT = "not in this file"
MAX_CV = 0.03
# By way, the least per cent.
HIDDEN = {"CuPy in a row": 83, "graph": 92, "graph of dependent launches": 95}
# Whose launches the hidden shares are about, and of which kernel.
PATH, DURATION_NS = "cupy_raw", 10_000


def targets(results: Results, *repeats: Results) -> Iterator[Target]:
    """One per line of the target table, in its order."""
    costs = noop_costs(results)
    samples = [process.device for process in results.processes if process.device is not None]
    yield _at_most("one crossing, N launches / C loop", one_crossing(results), "x", 1.02)
    yield _at_most("cupy_driver / C loop", over_floor(costs, "cupy_driver"), "x", 1.15)
    yield _at_most("cupy_raw / C loop, no arguments", over_floor(costs, "cupy_raw"), "x", 1.45)
    yield from _graphs(samples)
    yield from _hidden(samples)
    yield _at_most("call to start, predicted by the parts", start_prediction(costs), "%", 10)
    yield _at_most("call to flag, predicted by the parts", flag_prediction(costs), "%", 10)
    yield _at_most("crossing, predicted by a C no-op", crossing_prediction(costs), "%", 20)
    yield _at_most("return to start, range over the paths", latency_agreement(costs), "%", 10)
    runs = repeats if len(repeats) > 1 else (results, *repeats)
    between = "runs" if len(runs) > 1 else "processes"
    yield _at_most(f"CV between {between}, worst row", worst_spread(runs, MAX_CV), "%", 100 * MAX_CV)


def _graphs(samples: Sequence[DeviceSample]) -> Iterator[Target]:
    """Launches of a graph on the host, the stream held back; the line is that of cuda.bindings."""
    costs = graph_costs(samples)
    line = costs.lines.get(IN_PYTHON)
    absent = "no launches of graphs with the stream held back"
    slope, fixed, r2 = (line.per_node_ns, line.fixed_ns / 1000, line.r2) if line else (None, None, None)
    detail = f"over {len(costs.launches)} numbers of nodes"
    yield _at_most("graph launch, slope", Figure(slope, detail if line else absent), "ns", 2)
    yield _at_most("graph launch, fixed part", Figure(fixed, detail if line else absent), "us", 4)
    yield at_least("graph launch, R^2 of the line", r2, "", 0.99, detail if line else f"{ABSENT}: {absent}")
    for path in ("cupy", IN_PYTHON):
        detail = ", ".join(f"{row.nodes}: {ratio(row.to_c(path))}" for row in costs.launches)
        yield _at_most(f"graph launch by {path} / from C", Figure(costs.to_c(path), detail or absent), "x", 1.15)


def _hidden(samples: Sequence[DeviceSample]) -> Iterator[Target]:
    """What a row, a graph and a graph of dependent launches hide of the toll that a wait after each launch takes."""
    found = (row for row in duration_rows(samples) if (row.path, row.duration_ns) == (PATH, DURATION_NS))
    row = next(found, None)
    if row is None:
        absent = f"no kernel of {DURATION_NS / 1000:g} us by {PATH}"
        yield from (_at_least(f"hidden at 10 us, {way}", None, bound, absent) for way, bound in HIDDEN.items())
        return
    wait = f"of {row.each_ns - row.kernel_ns:,.0f} ns beside a kernel of {row.kernel_ns:,.0f} ns"
    orders = row.dependent_hidden
    best = max(orders, key=lambda order: orders[order], default="")
    shares = (row.row_hidden, row.graph_hidden, orders.get(best))
    details = (wait, wait, ", ".join(f"{o} {share:.1%}" for o, share in orders.items()) or "no dependent launches")
    for (way, bound), share, detail in zip(HIDDEN.items(), shares, details, strict=True):
        yield _at_least(f"hidden at 10 us, {way}", share, bound, detail)


def _at_most(name: str, figure: Figure, unit: str, bound: float) -> Target:
    if figure.value is None:
        return at_most(name, None, unit, bound, f"{ABSENT}: {figure.detail}")
    return at_most(name, figure.value * (100 if unit == "%" else 1), unit, bound, figure.detail)


def _at_least(name: str, share: float | None, bound: float, detail: str) -> Target:
    if share is None:
        return at_least(name, None, "%", bound, f"{ABSENT}: {detail}")
    return at_least(name, 100 * share, "%", bound, detail)


def _line(target: Target) -> str:
    figure = "-" if target.figure is None else f"{target.figure:,.4g}"
    return f"{target.target:44} {figure:>7} {target.unit:2} {target.bound:>8} {target.state:11} {target.detail}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path, nargs="*", default=[RECORDED])
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = list(targets(*map(read_results, options.results)))
    if options.json:
        print(json.dumps([target.to_json() for target in found], indent=2))
    else:
        print("\n".join(map(_line, found)))
    return 1 if any(target.state == "missed" for target in found) else 0


if __name__ == "__main__":
    sys.exit(main())
