"""The cost model: what a call through each rung costs over arguments, bytes and work, from a results file."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from ffi_spectrum.analysis.curve import MIN_SIZES, Curve, Line, fit_curve
from ffi_spectrum.analysis.estimate import Samples, reduce_processes
from ffi_spectrum.analysis.resample import Sampled, sample_median
from ffi_spectrum.case import Case
from ffi_spectrum.results.record import ProcessRecord, group_of
from ffi_spectrum.results.store import Results

# The kernels of the sweeps: nothing at all, so many scalars, a payload that is not looked at, a chain of steps.
NOTHING, ARGS, PAYLOAD, WORK = "noop", "args", "ends", "spin"
# The boundary is looked at where it is at least this share of a call; below, it is lost in the work's own noise.
LEAST_SHARE = 0.005

# Where a kernel of some size lies on its axis: bytes for PAYLOAD, steps for WORK, operations for the others.
Axis = Callable[[str, int], float]


@dataclass(frozen=True, slots=True, eq=False)
class Point:
    """One measured case: time per call, far-side time per iteration and boundary, None where there is no far side.

    `calls` is the least number of calls that one far-side block held.
    """

    call: Sampled
    far: Sampled | None
    boundary: Sampled | None
    calls: int
    processes: int


# By kernel (all of args1 to args8 are ARGS) and place on the axis.
Points = dict[str, dict[float, Point]]


@dataclass(frozen=True, slots=True, eq=False)
class Way:
    """The model of one rung, variant, form, placement and strategy: `case` is that, with no kernel and size 0.

    `nothing` is the call of noop. Curves are over the number of arguments, bytes, steps (`work`, and `far_work` and
    `boundary` for the far side's part and the rest), and operations of each other kernel.
    """

    case: Case
    points: Points
    nothing: Point | None = None
    arguments: Curve | None = None
    payload: Curve | None = None
    work: Curve | None = None
    far_work: Curve | None = None
    boundary: Curve | None = None
    kernels: dict[str, Curve] = field(default_factory=dict)

    @property
    def processes(self) -> int:
        """The least number of processes behind any of its points."""
        return min(point.processes for places in self.points.values() for point in places.values())

    @property
    def per_argument(self) -> Sampled | None:
        """Nanoseconds per scalar, over the longest straight piece."""
        return None if self.arguments is None else longest(self.arguments).slope

    @property
    def result(self) -> Sampled | None:
        """What is left of a call that takes a number and hands it back, without an empty call and an argument."""
        if self.nothing is None or self.arguments is None or self.per_argument is None:
            return None
        return self.arguments.read(self.arguments.low) - self.nothing.call - self.per_argument


def longest(curve: Curve) -> Line:
    """The line over most of the axis; of those through two points only where there are no others."""
    return max(curve.lines, key=lambda line: (line.points >= MIN_SIZES, line.high - line.low))


def build_model(results: Results, axis: Axis) -> list[Way]:
    """Fit every way of a run, in the order in which its plan names them."""
    return [_way(case, points) for case, points in points_of(results, axis).items()]


def points_of(results: Results, axis: Axis) -> dict[Case, Points]:
    """What was measured, by way, kernel and place on the axis.

    Of a case in panels of several groups, the first that the plan names counts.
    """
    left_out, groups = results.left_out, results.first_groups
    found: dict[Case, Points] = {}
    for panel, records in results.by_panel().items():
        calls = _far_calls(records)
        for id, samples in reduce_processes(records).items():
            if id in left_out or groups.get(id, group_of(panel)) != group_of(panel):
                continue
            case = Case.from_id(id)
            kernel, place = _place(case, axis)
            if not _is_on_curve(kernel, place):
                continue
            way = found.setdefault(replace(case, kernel="", size=0), {})
            way.setdefault(kernel, {})[place] = _point(samples, zlib.crc32(panel.encode()), calls.get(id, 1))
    return found


def _far_calls(records: list[ProcessRecord]) -> dict[str, int]:
    """The least number of calls in a far-side block, by case id."""
    calls: dict[str, int] = {}
    for record in records:
        for row in record.cases:
            if row.far:
                iterations = record.far[row.far].iterations
                calls[row.case.id] = min(calls.get(row.case.id, iterations), iterations)
    return calls


def _place(case: Case, axis: Axis) -> tuple[str, float]:
    if case.kernel.startswith(ARGS) and case.kernel[len(ARGS) :].isdecimal():
        return ARGS, float(case.kernel[len(ARGS) :])
    return case.kernel, axis(case.kernel, case.size)


def _is_on_curve(kernel: str, place: float) -> bool:
    """False for the empty payload: there the kernel looks at nothing, so its time is not on the others' line."""
    return kernel != PAYLOAD or place > 0


def _point(samples: Samples, seed: int, calls: int) -> Point:
    return Point(
        call=sample_median(samples.call, seed),
        far=sample_median(samples.far, seed) if samples.far else None,
        boundary=sample_median(samples.boundary, seed) if samples.boundary else None,
        calls=calls,
        processes=len(samples.call),
    )


def _way(case: Case, points: Points) -> Way:
    curves = {name: fit_curve({x: point.call for x, point in places.items()}) for name, places in points.items()}
    work = points.get(WORK, {})
    own = (NOTHING, ARGS, PAYLOAD, WORK)
    return Way(
        case=case, points=points,
        nothing=next(iter(points.get(NOTHING, {}).values()), None),
        arguments=curves.get(ARGS), payload=curves.get(PAYLOAD), work=curves.get(WORK),
        far_work=fit_curve({x: point.far for x, point in work.items() if point.far is not None}),
        boundary=fit_curve({x: point.boundary for x, point in work.items() if point.boundary and _is_seen(point)}),
        kernels={name: curve for name, curve in curves.items() if curve is not None and name not in own},
    )  # fmt: skip


def _is_seen(point: Point) -> bool:
    return point.boundary is not None and point.boundary.point >= LEAST_SHARE * point.call.point
