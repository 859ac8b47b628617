"""From blocks to one value per process, and to an estimate, on a machine that is computed."""

from __future__ import annotations

import json
import random
from dataclasses import replace

import pytest

from ffi_spectrum.analysis.difference import CallEstimate, differences, estimate_call, net_of, nets, paired, settled
from ffi_spectrum.results.sample import Sample

from .calls import LOOP_NS, ROUNDS, processes, sample, series


def test_the_empty_loop_is_subtracted_round_by_round() -> None:
    one = sample([series(30.0, drift=2.0)], drift=2.0)
    assert net_of(one, one.calls[0]) == pytest.approx(dict.fromkeys(range(ROUNDS), 30.0))


def test_a_call_below_the_empty_loop_keeps_its_sign() -> None:
    assert nets([sample([series(-3.0)])]) == pytest.approx([-3.0])


def test_calls_are_paired_by_round_whatever_their_iterations() -> None:
    left, right = series(50.0, 700, drift=5.0), series(20.0, 3000, drift=5.0)
    assert paired(sample([left, right]), left, right) == pytest.approx(30.0, abs=0.01)


def test_a_slow_call_is_paired_in_the_rounds_that_it_has() -> None:
    left, right = series(50_000.0, 1, rounds=(0, 4, 8), drift=100.0), series(20.0, drift=100.0)
    assert paired(sample([left, right]), left, right) == pytest.approx(49_980.0, abs=1)
    assert differences([sample([right, left])]) == pytest.approx([-49_980.0], abs=1)


def test_calls_without_a_common_round_fall_back_to_their_medians() -> None:
    left, right = series(50.0, rounds=(0, 2, 4)), series(20.0, rounds=(1, 3))
    assert paired(sample([left, right]), left, right) == pytest.approx(30.0)


def slowed(one: Sample, factor: float, rounds: set[int], index: int = 0) -> Sample:
    """The sample, call `index` being `factor` times slower in some rounds."""
    own = one.calls[index]
    own.elapsed_ns[:] = [
        round(ns * factor) if number in rounds else ns for number, ns in zip(own.rounds, own.elapsed_ns, strict=True)
    ]
    return one


def test_disturbed_rounds_are_left_out() -> None:
    rounds = set(range(8))  # most of the twelve: the median alone would follow them
    hit = slowed(sample([series(50.0), series(20.0)]), 3.0, rounds)
    marked = slowed(sample([series(50.0), series(20.0)], disturbed=sorted(rounds)), 3.0, rounds)
    assert differences([hit])[0] == pytest.approx(3 * (50 + LOOP_NS) - (20 + LOOP_NS))
    assert differences([marked])[0] == pytest.approx(30.0)
    assert nets([marked])[0] == pytest.approx(50.0)
    assert sorted(net_of(marked, marked.calls[0])) == [8, 9, 10, 11]


def test_all_rounds_are_used_where_every_one_was_disturbed() -> None:
    one = sample([series(50.0), series(20.0)], disturbed=range(ROUNDS))
    assert differences([one]) == pytest.approx([30.0])
    assert nets([one]) == pytest.approx([50.0])


@pytest.mark.parametrize(("waited", "left"), [(4, 6), (5, 5), (6, 10)])
def test_processes_that_waited_for_their_cpu_are_left_out_unless_most_did(waited: int, left: int) -> None:
    """One that had to wait is 100 ns slower; where most had to, nobody knows which ones are the better."""
    alone = processes(10 - waited, [50.0, 20.0])
    samples = alone + [replace(one, waited_share=0.5) for one in processes(waited, [150.0, 20.0])]
    assert len(settled(samples)) == left
    estimate = estimate_call(samples)
    assert estimate.processes == left
    assert estimate.elapsed_s == pytest.approx(0.25)
    assert estimate.ns_per_call == pytest.approx(150 if left == 10 else 50, abs=0.5)


def test_a_short_wait_does_not_matter() -> None:
    assert len(settled([replace(one, waited_share=0.2) for one in processes(3, [50.0])] + processes(5, [50.0]))) == 8


def test_drift_cancels_in_a_process_and_across_processes() -> None:
    """Each process drifts at its own speed, by 60 ns a call at most: the pair never notices."""
    samples = [sample([series(50.0, drift=slope), series(47.0, drift=slope)], drift=slope) for slope in range(-2, 6)]
    assert differences(samples) == pytest.approx([3.0] * len(samples), abs=0.01)
    assert nets(samples) == pytest.approx([50.0] * len(samples), abs=0.01)


@pytest.mark.parametrize("gap_ns", [-6.0, -2.0, 2.0, 6.0])
def test_bursts_on_a_third_of_the_processes_do_not_flip_the_sign(gap_ns: float) -> None:
    """Bursts of 1.4x hit either call in some rounds of a third of the processes; a call's 30 % is far above the gap."""
    rng = random.Random(7)
    verdict = "SLOWER" if gap_ns > 0 else "FASTER"
    for _ in range(50):
        samples = processes(21, [46.0 + gap_ns, 46.0], jitter_ns=0.3, seed=rng.randrange(1 << 30))
        for one in rng.sample(samples, 7):
            slowed(one, 1.4, set(rng.sample(range(ROUNDS), 9)), rng.randrange(2))
        estimate = estimate_call(samples)
        assert estimate.difference_ns is not None
        assert estimate.difference_ns * gap_ns > 0
        assert estimate.verdict in (verdict, "UNRESOLVED")


def test_an_estimate_recovers_costs_and_difference() -> None:
    estimate = estimate_call(processes(20, [73.9, 28.1]))
    assert estimate.ns_per_call == pytest.approx(73.9, abs=0.1)
    assert estimate.other_ns_per_call == pytest.approx(28.1, abs=0.1)
    assert estimate.difference_ns == pytest.approx(45.8, abs=0.1)
    assert estimate.verdict == "SLOWER"
    assert estimate.ns_low <= estimate.ns_per_call <= estimate.ns_high
    assert estimate.duplicate_difference_ns == 0
    assert estimate.processes == 20
    assert estimate.elapsed_s == pytest.approx(20 * 0.025)


def test_the_duplicate_shows_how_far_the_same_call_differs_from_itself() -> None:
    samples = processes(12, [50.0], jitter_ns=0)
    for one in samples:
        one.controls["duplicate"] = series(36.1)
    assert estimate_call(samples).duplicate_difference_ns == pytest.approx(13.9)


def test_the_margin_is_one_nanosecond_or_one_percent_of_the_other_call() -> None:
    assert estimate_call(processes(12, [50.0, 50.0])).margin_ns == 1.0
    assert estimate_call(processes(12, [5e4, 5e4])).margin_ns == pytest.approx(500, rel=1e-3)
    assert estimate_call(processes(12, [50.0, 50.0]), margin_ns=0.2).margin_ns == 0.2


def test_a_lone_call_has_no_difference_and_no_verdict() -> None:
    estimate = estimate_call(processes(12, [50.0]))
    assert (estimate.difference_ns, estimate.verdict, estimate.p_value, estimate.margin_ns) == (None,) * 4


def estimate(note: str = "", difference_ns: float | None = -45.83) -> CallEstimate:
    lone = difference_ns is None
    return CallEstimate(
        ns_per_call=28.1, ns_low=28.0, ns_high=28.2,
        other_ns_per_call=None if lone else 73.93, difference_ns=difference_ns,
        difference_low_ns=None if lone else -45.9, difference_high_ns=None if lone else -45.7,
        verdict=None if lone else "FASTER", margin_ns=None if lone else 1.0, p_value=None if lone else 0.001,
        processes=20, duplicate_difference_ns=0.02, elapsed_s=0.5, note=note,
    )  # fmt: skip


def test_the_repr_is_one_line_with_units() -> None:
    assert repr(estimate()) == (
        "<FASTER: 28.10 ns [28.00, 28.20] against 73.93 ns, -45.83 ns [-45.90, -45.70], 20 processes>"
    )
    assert repr(estimate("half-width 0.1 ns not reached in 1 s", None)) == (
        "<28.10 ns [28.00, 28.20], 20 processes; half-width 0.1 ns not reached in 1 s>"
    )


def test_html_has_a_row_for_every_attribute_and_escapes_text() -> None:
    html = estimate(note="<b> & co")._repr_html_()
    assert html.count("<tr>") == len(estimate().to_json())
    assert "<tr><th>difference_ns</th><td>-45.83</td></tr>" in html
    assert "&lt;b&gt; &amp; co" in html
    assert "<b>" not in html


def test_every_time_carries_its_unit_in_its_name() -> None:
    row = estimate().to_json()
    assert json.loads(json.dumps(row)) == row
    without_unit = {"verdict", "p_value", "processes", "note"}
    assert {name for name in row if not {"ns", "s"} & set(name.split("_"))} == without_unit
