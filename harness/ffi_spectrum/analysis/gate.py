"""Is the head slower than its base? From pairs of processes to a verdict per call."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from statistics import median
from typing import Any, Literal

from ffi_spectrum.analysis.difference import nets
from ffi_spectrum.analysis.interval import Interval, median_interval
from ffi_spectrum.analysis.stopping import Precision
from ffi_spectrum.analysis.verdict import Verdict, holm, judge, sign_test
from ffi_spectrum.results.sample import Sample

Pair = tuple[Sample, Sample]

# A slowdown that does not matter, unless the caller knows better. Two checkouts of the same code differ by up to this
# much for good: other paths, other addresses.
MARGIN_NS = 1.0
MARGIN_FRACTION = 0.02
ALPHA = 0.05
# An interval this narrow in comparison with the difference itself tells enough about it.
POINT_FRACTION = 0.1


@dataclass(frozen=True, slots=True)
class GateRow:
    """One call; times in nanoseconds per call, net of the empty loop, with 95 % intervals over processes.

    `difference_ns` is head minus base, over pairs of processes; None where the base does not make the call, whose
    verdict then is NEW. SLOWER and FASTER mean by more than the margin. `p_value` is the sign test's against the
    margin, after Holm's correction over the calls of the gate. `is_above_max` is True where the head's time is above
    `max_ns` beyond doubt, None where that is open.
    """

    call: str
    verdict: Verdict | Literal["NEW"]
    head_ns: float
    head_low_ns: float
    head_high_ns: float
    processes: int
    max_ns: float | None = None
    is_above_max: bool | None = None
    base_ns: float | None = None
    difference_ns: float | None = None
    difference_low_ns: float | None = None
    difference_high_ns: float | None = None
    margin_ns: float | None = None
    p_value: float | None = None
    note: str = ""

    @property
    def is_failed(self) -> bool:
        return self.verdict == "SLOWER" or bool(self.is_above_max)

    def to_json(self) -> dict[str, Any]:
        """All attributes by name, and `is_failed`."""
        return {**asdict(self), "is_failed": self.is_failed}


def pair_differences(pairs: Sequence[Pair], index: int) -> list[float]:
    """Head minus base of one call, a value per pair of processes."""
    base, head = nets([pair[0] for pair in pairs], index), nets([pair[1] for pair in pairs], index)
    return [after - before for before, after in zip(base, head, strict=True)]


def margin_of(pairs: Sequence[Pair], index: int, margin_ns: float | None) -> float:
    """`margin_ns`, by default the larger of 1 ns and 2 % of the base's time."""
    if margin_ns is not None:
        return margin_ns
    return max(MARGIN_NS, MARGIN_FRACTION * abs(median(nets([base for base, _ in pairs], index))))


def is_precise(pairs: Sequence[Pair], margin_ns: float | None) -> bool:
    """True where every call's difference is known to half its margin, or to a tenth of itself."""
    return all(
        Precision(margin_of(pairs, index, margin_ns) / 2, POINT_FRACTION).stops(pair_differences(pairs, index))
        for index in range(len(pairs[0][0].calls))
    )


def judge_pairs(
    calls: Sequence[str], pairs: Sequence[Pair], margin_ns: float | None = None, max_ns: float | None = None
) -> list[GateRow]:
    """A row per call, in the order in which they were measured; `pairs` must not be empty."""
    differences = {call: pair_differences(pairs, index) for index, call in enumerate(calls)}
    margins = {call: margin_of(pairs, index, margin_ns) for index, call in enumerate(calls)}
    corrected = holm({call: p_beyond(differences[call], margins[call]) for call in calls})
    heads = judge_head(calls, [head for _, head in pairs], max_ns)
    rows = []
    for index, head in enumerate(heads):
        judgement = judge(differences[head.call], margins[head.call], ALPHA, corrected[head.call])
        compared = replace(
            head,
            verdict=judgement.verdict,
            base_ns=median(nets([base for base, _ in pairs], index)),
            difference_ns=judgement.interval.point,
            difference_low_ns=judgement.interval.low,
            difference_high_ns=judgement.interval.high,
            margin_ns=judgement.margin_ns,
            p_value=judgement.p_value,
            processes=2 * len(pairs),
        )
        rows.append(compared)
    return rows


def judge_head(calls: Sequence[str], samples: Sequence[Sample], max_ns: float | None) -> list[GateRow]:
    """A row per call of the head alone: its time, and whether that is above `max_ns`."""
    values = {call: nets(samples, index) for index, call in enumerate(calls)}
    corrected = holm({call: p_beyond(values[call], max_ns) if max_ns else 1.0 for call in calls})
    rows = []
    for call in calls:
        own = median_interval(values[call])
        is_above = None if max_ns is None else _is_above(own, max_ns, corrected[call])
        rows.append(GateRow(call, "NEW", own.point, own.low, own.high, len(samples), max_ns, is_above))
    return rows


def _is_above(own: Interval, max_ns: float, p_value: float) -> bool | None:
    if own.low > max_ns and p_value <= ALPHA:
        return True
    return False if own.high <= max_ns else None


def p_beyond(values: Sequence[float], bound: float) -> float:
    """The sign test's p-value of "the median is not beyond `bound`", on the side of zero where it lies; 1 within.

    Against the bound, not against zero: two builds of one source may differ for certain, and by nothing that matters.
    """
    point = median(values)
    if abs(point) <= bound:
        return 1.0
    return sign_test([value - math.copysign(bound, point) for value in values])


def disturbed_share(samples: Sequence[Sample]) -> float:
    """The part of all rounds in which other work interrupted the measuring process, from 0 to 1."""
    rounds = sum(len(sample.controls["empty"].rounds) for sample in samples)
    return sum(len(sample.disturbed) for sample in samples) / max(rounds, 1)
