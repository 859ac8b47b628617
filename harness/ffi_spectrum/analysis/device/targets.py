"""The figures that the device's targets are about, each from a recorded run; None where the file has no such data."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median, stdev

from scipy.stats import median_abs_deviation

from ffi_spectrum.analysis.device.launches import DEVICE, HELD, LaunchCost, launch_costs, loop_per_launch
from ffi_spectrum.analysis.rounds import nets_and_works, per_iteration, subtract
from ffi_spectrum.case import Case
from ffi_spectrum.results.record import ProcessRecord
from ffi_spectrum.results.store import Results

LOOP = "cuda_loop"
KERNEL = "noop"


@dataclass(frozen=True, slots=True)
class Figure:
    """`value` in the target's unit; `detail` says on what it rests, or what is missing."""

    value: float | None
    detail: str


@dataclass(frozen=True, slots=True)
class Spread:
    """Coefficient of variation of a row's medians; `robust` is by median and absolute deviations."""

    row: str
    cv: float
    robust: float


def noop_costs(results: Results) -> dict[str, LaunchCost]:
    """Of noop without arguments, by path."""
    found = {}
    for (_, id), cost in launch_costs(results).items():
        case = Case.from_id(id)
        if case.kernel == KERNEL and not dict(case.params).get("nargs"):
            found[case.way] = cost
    return found


def one_crossing(results: Results) -> Figure:
    """N launches by one crossing from Python, with its entry, over the C loop without it: paired in each process."""
    ratios = list(_crossing_ratios(results))
    if not ratios:
        return Figure(None, "no far side of the C launcher and no C loop")
    return Figure(median(ratios), f"{len(ratios)} processes, {min(ratios):.3f} to {max(ratios):.3f}")


def _crossing_ratios(results: Results) -> Iterator[float]:
    for process in _processes(results):
        loop = loop_per_launch(process, 0)
        far = next((row.far for row in process.cases if row.case.rung == LOOP and row.far in process.far), None)
        if far is not None and loop:
            yield median(per_iteration(process.far[far], process).values()) / median(loop.values())


def over_floor(costs: Mapping[str, LaunchCost], path: str) -> Figure:
    """A path's launch over the C loop's, both behind a held stream."""
    if path not in costs:
        return Figure(None, f"{path} was not measured")
    cost = costs[path]
    return Figure(cost.ratio, f"{cost.held.point:,.0f} ns over {cost.enqueue.point:,.0f} ns")


def flag_prediction(costs: Mapping[str, LaunchCost]) -> Figure:
    """The worst path: by which share do crossing, enqueue, latency and the flag's way miss what was measured?"""
    return _worst({
        path: cost.expected_flag / cost.flag - 1 for path, cost in costs.items() if cost.flag and cost.expected_flag
    })  # fmt: skip


def start_prediction(costs: Mapping[str, LaunchCost]) -> Figure:
    """The worst path: by which share do the three parts miss the kernel's start, as the clocks have it?"""
    return _worst({
        path: cost.until_start / cost.started - 1 for path, cost in costs.items() if cost.started and cost.until_start
    })  # fmt: skip


def crossing_prediction(costs: Mapping[str, LaunchCost]) -> Figure:
    """The worst path: by which share does the same call of a C function that does nothing miss its crossing?"""
    return _worst({
        path: cost.nothing / cost.crossing.point - 1
        for path, cost in costs.items() if cost.nothing is not None and cost.crossing.point > 0
    })  # fmt: skip


def latency_agreement(costs: Mapping[str, LaunchCost]) -> Figure:
    """From the call's return to the kernel's start: the range over all paths, relative to their median.

    The clocks' error is the same for all paths, and is not in the range.
    """
    waits = {path: cost.started - cost.returned for path, cost in costs.items() if cost.started and cost.returned}
    if not waits:
        return Figure(None, "no stamps")
    low, high = min(waits, key=lambda path: waits[path]), max(waits, key=lambda path: waits[path])
    detail = f"{low} {waits[low]:,.0f} ns to {high} {waits[high]:,.0f} ns"
    return Figure((waits[high] - waits[low]) / median(waits.values()), detail)


def spreads(runs: Sequence[Results]) -> list[Spread]:
    """Of every row of noop's launch paths: launches held back, the C loop, and launches that are waited for.

    Between runs, each of which is its processes' median; between the processes where there is one run only.
    """
    found = [_by_row(results) for results in runs]
    if len(found) == 1:
        (medians,) = found
    else:
        medians = {row: [median(one[row]) for one in found if row in one] for row in found[0]}
    return [_spread(row, values) for row, values in medians.items() if len(values) > 1]


def _by_row(results: Results) -> dict[str, list[float]]:
    medians: dict[str, list[float]] = defaultdict(list)
    for process in _processes(results):
        for row, value in _medians(process):
            medians[row].append(value)
    return dict(medians)


def worst_spread(runs: Sequence[Results], bound: float) -> Figure:
    """The row whose runs differ most, or its processes where there is one run only."""
    found = spreads(runs)
    if not found:
        return Figure(None, "fewer than two processes")
    worst = max(found, key=lambda one: one.cv)
    within = sum(one.cv <= bound for one in found)
    robust = sum(one.robust <= bound for one in found)
    return Figure(
        worst.cv,
        f"{worst.row}; {within} of {len(found)} rows within {bound:.0%} ({robust} by median deviations), "
        f"median {median(one.cv for one in found):.1%}",
    )


def _medians(process: ProcessRecord) -> Iterator[tuple[str, float]]:
    empty = per_iteration(process.controls["empty"], process)
    for id, parts in process.parts.items():
        if HELD in parts:
            yield f"{_row(id)} held", median(subtract(per_iteration(parts[HELD], process), empty).values())
    loop = loop_per_launch(process, 0)
    if loop:
        yield "C loop", median(loop.values())
    nets, _ = nets_and_works(process)
    for row in process.cases:
        if HELD in process.parts.get(row.case.id, {}):
            yield f"{_row(row.case.id)} waited for", median(nets[row.case.id].values())


def _row(id: str) -> str:
    case = Case.from_id(id)
    nargs = dict(case.params).get("nargs")
    return f"{case.way} nargs={nargs}" if nargs else case.way


def _spread(row: str, values: list[float]) -> Spread:
    robust = float(median_abs_deviation(values, scale="normal")) / median(values)
    return Spread(row, stdev(values) / fmean(values), robust)


def _processes(results: Results) -> list[ProcessRecord]:
    """The processes of noop's panel on the device."""
    return [process for process in results.processes if process.panel == f"{DEVICE}/{KERNEL}/0"]


def _worst(errors: Mapping[str, float]) -> Figure:
    """The largest absolute error; `detail` has all of them."""
    if not errors:
        return Figure(None, "no path has both figures")
    return Figure(
        max(map(abs, errors.values())), ", ".join(f"{path} {error:+.1%}" for path, error in sorted(errors.items()))
    )
