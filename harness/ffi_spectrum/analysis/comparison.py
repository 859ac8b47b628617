"""Two results files, case by case: how much slower or faster the second is, and whether that may be said at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from ffi_spectrum.analysis.difference import MARGIN_FRACTION, MARGIN_NS
from ffi_spectrum.analysis.estimate import net_by_process
from ffi_spectrum.analysis.rounds import Net
from ffi_spectrum.analysis.two_sample import difference_interval, difference_p_value
from ffi_spectrum.analysis.variance import Scatter, split_scatter
from ffi_spectrum.analysis.verdict import Verdict, decide, holm
from ffi_spectrum.errors import ResultsError
from ffi_spectrum.results.fingerprint import PASSING
from ffi_spectrum.results.record import RunRecord
from ffi_spectrum.results.store import Results

# The thermometer is a loop of one C instruction chain: a change of this much is the clock's, not the code's.
_DRIFT_FRACTION = 0.01


@dataclass(frozen=True, slots=True)
class Comparison:
    """One case in two files; times in nanoseconds per call net of the empty loop.

    `difference_ns` is B minus A, with its own 95 % interval; `p_value` is corrected for the length of the table, and
    the verdict speaks of B.
    """

    id: str
    a_ns: float
    b_ns: float
    difference_ns: float
    difference_low_ns: float
    difference_high_ns: float
    margin_ns: float
    p_value: float
    verdict: Verdict
    a_processes: int
    b_processes: int
    scatter: Scatter

    def to_json(self) -> dict[str, Any]:
        """The row that `compare --json` prints; the scatter is round_sd_ns, process_sd_ns and build_sd_ns."""
        row = asdict(self)
        scatter = row.pop("scatter")
        return row | {f"{name.removesuffix('_ns')}_sd_ns": value for name, value in scatter.items()}


def compare_results(a: Results, b: Results, margin_ns: float | None = None) -> list[Comparison]:
    """Compare every case that both files measured, in the order of A; the margin is max(1 ns, 1 % of A) by default.

    Raises ResultsError where the files cannot be compared: see `check_comparable`.
    """
    check_comparable(a.run, b.run)
    left, right = net_by_process(a), net_by_process(b)
    shared = [id for id in left if id in right]
    if not shared:
        raise ResultsError("no case was measured in both files: measure the same --kernel, --rung and --size")
    values = {id: (_per_process(left[id]), _per_process(right[id])) for id in shared}
    corrected = holm({id: difference_p_value(new, old) for id, (old, new) in values.items()})
    return [_compare(id, *values[id], split_scatter(left[id], right[id]), corrected[id], margin_ns) for id in shared]


def _per_process(nets: Sequence[Net]) -> list[float]:
    return [median(net.values()) for net in nets]


def _compare(
    id: str, old: list[float], new: list[float], scatter: Scatter, p_value: float, margin_ns: float | None
) -> Comparison:
    a_ns, b_ns = median(old), median(new)
    margin = max(MARGIN_NS, MARGIN_FRACTION * abs(a_ns)) if margin_ns is None else margin_ns
    interval, tost = difference_interval(new, old), difference_interval(new, old, 0.90)
    judgement = decide(interval, tost, p_value, margin, min(len(old), len(new)))
    return Comparison(
        id=id, a_ns=a_ns, b_ns=b_ns,
        difference_ns=interval.point, difference_low_ns=interval.low, difference_high_ns=interval.high,
        margin_ns=margin, p_value=p_value, verdict=judgement.verdict,
        a_processes=len(old), b_processes=len(new), scatter=scatter,
    )  # fmt: skip


def check_comparable(a: RunRecord, b: RunRecord) -> None:
    """Raise ResultsError, saying which, where the two runs differ in schema, overhead policy or library."""
    pairs = {
        "schema": (a.schema, b.schema),
        "overhead policy": (a.overhead_policy, b.overhead_policy),
        "library hash": (a.library_sha256[:12], b.library_sha256[:12]),
    }
    for name, (left, right) in pairs.items():
        if left != right:
            raise ResultsError(
                f"the files differ in their {name} (A: {left}, B: {right}), so their times do not compare: "
                "measure both with the same version of ffi-spectrum and the same --cc"
            )


def warnings_of(a: Results, b: Results) -> list[str]:
    """Sentences about what makes a verdict advisory: other machines, a clock that moved, cases of one file alone."""
    changed = [name for name in _facts(a.run) | _facts(b.run) if _facts(a.run).get(name) != _facts(b.run).get(name)]
    found = []
    if changed:
        found.append(f"the runs differ in {', '.join(sorted(changed))}: a difference need not be the code's")
    drift = _thermometer_drift(a, b)
    if abs(drift) > _DRIFT_FRACTION:
        pace = "slower" if drift > 0 else "faster"
        found.append(f"the fixed C loop itself ran {abs(drift):.1%} {pace} in B: the machine's clock differs")
    left, right = net_by_process(a), net_by_process(b)
    for name, alone in (("A", [id for id in left if id not in right]), ("B", [id for id in right if id not in left])):
        if alone:
            found.append(f"only {name} measured {', '.join(alone)}")
    return found


def _facts(run: RunRecord) -> dict[str, Any]:
    """The fingerprint without what passes, packages by name, and this package's own version."""
    facts = {name: value for name, value in run.fingerprint.items() if name not in PASSING}
    packages = facts.pop("packages", {})
    return facts | {f"package {name}": value for name, value in packages.items()} | {"ffi-spectrum": run.version}


def _thermometer_drift(a: Results, b: Results) -> float:
    """How much longer the fixed C loop took in B, as a fraction; 0 where a file has none."""
    paces = []
    for results in (a, b):
        series = [p.controls["thermometer"] for p in results.processes if "thermometer" in p.controls]
        paces.append(median([median(one.elapsed_ns) / one.iterations for one in series] or [0.0]))
    return paces[1] / paces[0] - 1 if min(paces) > 0 else 0.0
