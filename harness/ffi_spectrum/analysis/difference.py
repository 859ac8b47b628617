"""From raw samples of calls to one value per process, and from those to an estimate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from html import escape
from statistics import median
from typing import Any

from ffi_spectrum.analysis.interval import Interval, median_interval
from ffi_spectrum.analysis.verdict import Judgement, Verdict, judge
from ffi_spectrum.results.record import Series
from ffi_spectrum.results.sample import Sample

# Half-width of the interval of a difference that counts as "the same", unless the caller knows better.
MARGIN_NS = 1.0
MARGIN_FRACTION = 0.01
# A job that takes turns with a process on its CPU takes half of its time; a time slice now and then takes less.
MAX_WAITED_SHARE = 0.25


@dataclass(frozen=True, slots=True, repr=False)
class CallEstimate:
    """What a call costs and, where it was compared, how it differs from the other; all times in nanoseconds per call.

    `ns_per_call` is net of the empty loop; `difference_ns` is this call minus the other, paired by round. Intervals are
    95 % order-statistic intervals of the median over `processes` fresh processes.
    """

    ns_per_call: float
    ns_low: float
    ns_high: float
    other_ns_per_call: float | None
    difference_ns: float | None
    difference_low_ns: float | None
    difference_high_ns: float | None
    verdict: Verdict | None
    margin_ns: float | None
    p_value: float | None
    processes: int
    duplicate_difference_ns: float
    elapsed_s: float
    note: str

    def __repr__(self) -> str:
        own = f"{self.ns_per_call:.2f} ns [{self.ns_low:.2f}, {self.ns_high:.2f}]"
        end = f"{self.processes} processes" + (f"; {self.note}" if self.note else "")
        if self.difference_ns is None:
            return f"<{own}, {end}>"
        low, high = self.difference_low_ns, self.difference_high_ns
        difference = f"{self.difference_ns:+.2f} ns [{low:+.2f}, {high:+.2f}]"
        return f"<{self.verdict}: {own} against {self.other_ns_per_call:.2f} ns, {difference}, {end}>"

    def _repr_html_(self) -> str:
        rows = "".join(f"<tr><th>{name}</th><td>{escape(str(value))}</td></tr>" for name, value in asdict(self).items())
        return f"<table>{rows}</table>"

    def to_json(self) -> dict[str, Any]:
        """All attributes by name."""
        return asdict(self)


def settled(samples: Sequence[Sample]) -> list[Sample]:
    """Processes that had their CPU nearly to themselves; all of them where those are fewer than half.

    One busy job on the same CPU makes a process's times 1.5 to 2.5 % longer, in undisturbed rounds too, and a third of
    such processes moved a median of 39 ns by 0.17 ns. The rule is blind: waiting in the queue is no part of any case.
    """
    alone = [sample for sample in samples if sample.waited_share <= MAX_WAITED_SHARE]
    return alone if 2 * len(alone) >= len(samples) else list(samples)


def nets(samples: Sequence[Sample], index: int = 0) -> list[float]:
    """One net time per process: the median over rounds of call `index`, in nanoseconds per call."""
    return [median(net_of(sample, sample.calls[index]).values()) for sample in samples]


def net_of(sample: Sample, series: Series) -> dict[int, float]:
    """Nanoseconds per call net of the empty loop, by undisturbed round (all rounds where every one was disturbed)."""
    empty, own = _per_call(sample, sample.controls["empty"]), _per_call(sample, series)
    middle = median(empty.values())
    return {r: ns - empty.get(r, middle) for r, ns in own.items()}


def _per_call(sample: Sample, series: Series) -> dict[int, float]:
    everything = {r: ns / series.iterations for r, ns in zip(series.rounds, series.elapsed_ns, strict=True)}
    return {r: ns for r, ns in everything.items() if r not in sample.disturbed} or everything


def paired(sample: Sample, left: Series, right: Series) -> float:
    """The median over rounds of left minus right, in nanoseconds per call: one process's value."""
    return median(by_round(sample, left, right))


def by_round(sample: Sample, left: Series, right: Series) -> list[float]:
    """Left minus right in nanoseconds per call, for each round that both have; of the medians where they share none."""
    a, b = _per_call(sample, left), _per_call(sample, right)
    return [a[r] - b[r] for r in a if r in b] or [median(a.values()) - median(b.values())]


def differences(samples: Sequence[Sample], left: int = 0, right: int = 1) -> list[float]:
    """One paired difference per process: call `left` minus call `right`."""
    return [paired(sample, sample.calls[left], sample.calls[right]) for sample in samples]


def estimate_call(samples: Sequence[Sample], margin_ns: float | None = None, note: str = "") -> CallEstimate:
    """Estimate call 0 and, where there is a second call, its difference from it, from the processes that `settled`."""
    elapsed_s = sum(sample.elapsed_ns for sample in samples) * 1e-9
    samples = settled(samples)
    own = median_interval(nets(samples))
    duplicate = median(paired(sample, sample.calls[0], sample.controls["duplicate"]) for sample in samples)
    other: Interval | None = None
    judgement: Judgement | None = None
    if len(samples[0].calls) > 1:
        other = median_interval(nets(samples, 1))
        margin = max(MARGIN_NS, MARGIN_FRACTION * abs(other.point)) if margin_ns is None else margin_ns
        judgement = judge(differences(samples), margin)
    return CallEstimate(
        ns_per_call=own.point, ns_low=own.low, ns_high=own.high,
        other_ns_per_call=other.point if other else None,
        difference_ns=judgement.interval.point if judgement else None,
        difference_low_ns=judgement.interval.low if judgement else None,
        difference_high_ns=judgement.interval.high if judgement else None,
        verdict=judgement.verdict if judgement else None,
        margin_ns=judgement.margin_ns if judgement else None,
        p_value=judgement.p_value if judgement else None,
        processes=len(samples),
        duplicate_difference_ns=duplicate,
        elapsed_s=elapsed_s,
        note=note,
    )  # fmt: skip
