"""The gate's verdicts on invented processes: what fails, what stays open, and what a drift does."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from ffi_spectrum.analysis.gate import Pair, disturbed_share, is_precise, judge_head, judge_pairs, p_beyond
from ffi_spectrum.results.record import Series
from ffi_spectrum.results.sample import CONTROLS, Sample

EMPTY_NS = 10.0


def sample(*ns_per_call: float) -> Sample:
    """A process of three equal rounds; the calls' times are net of the empty loop."""

    def series(ns: float) -> Series:
        return Series(1000, [0, 1, 2], [round(1000 * ns)] * 3)

    controls = {name: series(EMPTY_NS) for name in CONTROLS}
    return Sample(0, [series(ns + EMPTY_NS) for ns in ns_per_call], controls)


def noisy_pairs(base_ns: float, head_ns: float, noise_ns: float, count: int = 40, seed: int = 1) -> list[Pair]:
    rng = random.Random(seed)
    return [(sample(rng.gauss(base_ns, noise_ns)), sample(rng.gauss(head_ns, noise_ns))) for _ in range(count)]


@pytest.mark.parametrize(
    ("head_ns", "verdict"),
    [(100.0, "EQUIVALENT"), (101.0, "EQUIVALENT"), (110.0, "SLOWER"), (90.0, "FASTER"), (102.0, "UNRESOLVED")],
)
def test_the_verdict_is_about_the_margin(head_ns: float, verdict: str) -> None:
    """The default margin is 2 % here: a certain slowdown of 1 % passes, and one of 2 % is open."""
    (row,) = judge_pairs(["f"], noisy_pairs(100, head_ns, 0.8))
    assert row.verdict == verdict
    assert row.is_failed == (verdict == "SLOWER")
    assert row.margin_ns == pytest.approx(2, rel=0.01)
    assert row.difference_ns == pytest.approx(head_ns - 100, abs=0.5)
    assert row.base_ns == pytest.approx(100, abs=0.5)
    assert row.head_ns == pytest.approx(head_ns, abs=0.5)
    assert row.processes == 80


def test_a_short_call_has_a_margin_of_one_nanosecond_and_a_given_one_wins() -> None:
    pairs = noisy_pairs(20, 21.5, 0.01)
    assert judge_pairs(["f"], pairs)[0].verdict == "SLOWER"
    assert judge_pairs(["f"], pairs, margin_ns=2.0)[0].verdict == "EQUIVALENT"


def test_a_few_processes_never_fail() -> None:
    (row,) = judge_pairs(["f"], noisy_pairs(100, 1000, 1, count=4))
    assert (row.verdict, row.is_failed) == ("UNRESOLVED", False)


@pytest.mark.parametrize(
    ("head_ns", "is_above"), [(48.0, False), (50.0, None), (52.0, True)], ids=["below", "open", "above"]
)
def test_the_absolute_bound_fails_only_beyond_doubt(head_ns: float, is_above: bool | None) -> None:
    (row,) = judge_head(["f"], [head for _, head in noisy_pairs(0, head_ns, 0.8)], max_ns=50)
    assert (row.verdict, row.is_above_max, row.is_failed) == ("NEW", is_above, bool(is_above))


def test_a_linear_drift_of_the_machine_is_no_slowdown() -> None:
    """Each process is 3 ns slower than the one before; base, head, head, base gives +3, -3."""
    pairs: list[Pair] = []
    for block in range(20):
        start = 1000 + 12.0 * block
        pairs += [(sample(start), sample(start + 3)), (sample(start + 9), sample(start + 6))]
    (row,) = judge_pairs(["f"], pairs, margin_ns=1.0)
    assert row.difference_ns == pytest.approx(0)
    assert not row.is_failed
    # the same drift without the mirrored launches would be called a slowdown: the order is what protects
    unmirrored = [(sample(1000 + 6.0 * i), sample(1003 + 6.0 * i)) for i in range(40)]
    assert judge_pairs(["f"], unmirrored, margin_ns=1.0)[0].verdict == "SLOWER"


def test_identical_code_in_bimodal_processes_does_not_fail() -> None:
    """One process in five is 14 ns slower; 1,000 gates of three calls fail in fewer than one of a hundred."""
    rng = random.Random(7)

    def process() -> Sample:
        return sample(*(rng.gauss(50, 1) + (14 if rng.random() < 0.2 else 0) for _ in range(3)))

    failed = 0
    for _ in range(1000):
        rows = judge_pairs(["f", "g", "h"], [(process(), process()) for _ in range(20)])
        failed += any(row.is_failed for row in rows)
    assert failed < 10


def test_p_values_are_corrected_over_the_calls_of_a_gate() -> None:
    """Seven of seven pairs give p = 1/64, enough for one call and, times twenty, for none of twenty."""
    differences = (5.0, 5.1, 5.2, 5.3, 5.4, 5.5, 5.6)
    one = [(sample(100), sample(100 + d)) for d in differences]
    twenty = [(sample(*[100.0] * 20), sample(*[100 + d] * 20)) for d in differences]
    assert judge_pairs(["f"], one, 1.0)[0].verdict == "SLOWER"
    rows = judge_pairs([f"f{i}" for i in range(20)], twenty, 1.0)
    assert {row.verdict for row in rows} == {"UNRESOLVED"}
    assert rows[0].p_value == pytest.approx(20 / 64)


@pytest.mark.parametrize(
    ("values", "bound", "p"),
    [([3.0] * 6, 1.0, 2 / 64), ([-3.0] * 6, 1.0, 2 / 64), ([0.5] * 6, 1.0, 1.0), ([0.9, 3.0, 3.0], 1.0, 1.0)],
)
def test_the_test_is_against_the_bound_and_not_against_zero(values: list[float], bound: float, p: float) -> None:
    assert p_beyond(values, bound) == pytest.approx(p)


@pytest.mark.parametrize(
    ("pairs", "is_enough"),
    [
        (lambda: noisy_pairs(100, 100, 0.5), True),
        (lambda: noisy_pairs(100, 100, 20), False),
        (lambda: noisy_pairs(100, 400, 20), True),
    ],
    ids=["narrow", "wide", "wide beside a large difference"],
)
def test_measuring_stops_on_precision(pairs: Callable[[], list[Pair]], is_enough: bool) -> None:
    assert is_precise(pairs(), None) == is_enough


def test_the_share_of_disturbed_rounds() -> None:
    quiet, busy = sample(1), sample(1)
    busy.disturbed.extend([0, 2])
    assert disturbed_share([quiet, busy]) == pytest.approx(2 / 6)
