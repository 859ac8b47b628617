"""Comparing two runs: synthetic files whose true difference is known."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ffi_spectrum.analysis.comparison import check_comparable, compare_results, warnings_of
from ffi_spectrum.analysis.estimate import estimate_results
from ffi_spectrum.analysis.two_sample import difference_interval, difference_p_value
from ffi_spectrum.analysis.variance import split_scatter
from ffi_spectrum.case import Case
from ffi_spectrum.errors import ResultsError
from ffi_spectrum.results.record import CaseRecord, CaseSeries, ProcessRecord, RunRecord, Series
from ffi_spectrum.results.store import Results

LOOP_NS, ITERATIONS, ROUNDS = 8.0, 100_000, 5
RUN = RunRecord({"panels": {}, "profile": {}}, "", "f00d", {"cpu": "C", "packages": {"cffi": "1"}}, {}, "", "0.1.0")
Draw = Callable[[random.Random], float]


def case(rung: str) -> Case:
    return Case("add", 0, rung, "prebound", "none")


def results(seed: int, draws: dict[str, Draw], processes: int = 20, run: RunRecord = RUN) -> Results:
    """A file in which each process draws its own nanoseconds per call of each rung."""
    rng = random.Random(seed)

    def series(ns: float) -> Series:
        return Series(ITERATIONS, list(range(ROUNDS)), [round(ns * ITERATIONS)] * ROUNDS)

    records = []
    for number in range(processes):
        cases = [CaseSeries(case(rung), series(LOOP_NS + draw(rng))) for rung, draw in draws.items()]
        controls = {"empty": series(LOOP_NS), "python_call": series(30), "thermometer": series(50)}
        records.append(ProcessRecord("p", number, number, cases, {}, {}, controls))
    return Results(run, records)


def normal(ns: float, sd: float = 1.0) -> Draw:
    return lambda rng: rng.gauss(ns, sd)


def bimodal(rng: random.Random) -> float:
    return 60 + 14 * (rng.random() < 0.5) + rng.gauss(0, 0.2)


def skewed(rng: random.Random) -> float:
    return 60 + rng.expovariate(1.0)


def verdicts(a: dict[str, Draw], b: dict[str, Draw], seed: int = 1, **options: Any) -> dict[str, str]:
    rows = compare_results(results(seed, a), results(seed + 1000, b), **options)
    return {Case.from_id(row.id).rung: row.verdict for row in rows}


@pytest.mark.parametrize(
    ("left", "right"),
    [(normal(60), normal(60)), (bimodal, bimodal), (skewed, skewed), (normal(60, 5), normal(60, 1))],
    ids=["normal", "bimodal", "skewed", "one side noisier"],
)
@pytest.mark.parametrize("count", [6, 12, 20])
def test_equal_medians_are_told_apart_in_at_most_five_percent(left: Draw, right: Draw, count: int) -> None:
    rng = random.Random(count)
    pairs = [([left(rng) for _ in range(count)], [right(rng) for _ in range(count)]) for _ in range(1500)]
    wrong = sum(difference_p_value(a, b) <= 0.05 for a, b in pairs)
    assert wrong / 1500 <= 0.05 + 2 * (0.05 * 0.95 / 1500) ** 0.5


def test_a_table_of_equal_cases_is_wrong_as_a_whole_in_at_most_five_percent() -> None:
    draws = {rung: normal(60, 2) for rung in "abcdefgh"}
    tables = [verdicts(draws, draws, seed, margin_ns=1e-6) for seed in range(150)]
    wrong = sum(bool({"FASTER", "SLOWER"} & set(table.values())) for table in tables)
    assert wrong / 150 <= 0.05 + 2 * (0.05 * 0.95 / 150) ** 0.5


def test_shifts_are_found_with_their_sign_and_the_rest_is_equivalent_or_unresolved() -> None:
    before = {"same": normal(60, 0.2), "up": normal(60), "down": normal(60), "noisy": normal(60, 30)}
    after = {"same": normal(60, 0.2), "up": normal(64), "down": normal(56), "noisy": normal(60, 30)}
    assert verdicts(before, after) == {
        "same": "EQUIVALENT", "up": "SLOWER", "down": "FASTER", "noisy": "UNRESOLVED",
    }  # fmt: skip


def test_two_nanoseconds_are_found_in_nineteen_of_twenty_pairs() -> None:
    found = [verdicts({"x": normal(60, 0.8)}, {"x": normal(62, 0.8)}, seed)["x"] for seed in range(200)]
    assert found.count("SLOWER") >= 190
    assert "FASTER" not in found


def test_a_difference_within_the_margin_is_equivalent_however_significant() -> None:
    before, after = {"x": normal(60, 0.02)}, {"x": normal(60.5, 0.02)}
    (row,) = compare_results(results(1, before), results(2, after))
    assert (row.verdict, row.margin_ns) == ("EQUIVALENT", 1.0)
    assert row.p_value < 0.001
    assert verdicts(before, after, margin_ns=0.25) == {"x": "SLOWER"}
    (slow,) = compare_results(results(1, {"x": normal(5000)}), results(2, {"x": normal(5000)}))
    assert slow.margin_ns == pytest.approx(50, rel=0.01)


def test_the_times_are_those_of_the_estimates() -> None:
    a, b = results(1, {"x": skewed}), results(2, {"x": bimodal})
    (row,) = compare_results(a, b)
    a.run.plan["panels"] = b.run.plan["panels"] = {"p": [row.id]}
    assert [row.a_ns, row.b_ns] == [estimate_results(one)[0].ns_per_call for one in (a, b)]
    assert row.difference_ns == row.b_ns - row.a_ns
    assert (row.a_processes, row.b_processes) == (20, 20)


def test_five_processes_are_too_few_for_any_verdict() -> None:
    a, b = (results(seed, {"x": normal(ns, 0.1)}, processes=5) for seed, ns in ((1, 60), (2, 90)))
    assert compare_results(a, b)[0].verdict == "UNRESOLVED"


@given(st.lists(st.floats(-1e3, 1e3), min_size=6, max_size=40), st.lists(st.floats(-1e3, 1e3), min_size=6, max_size=40))
def test_point_interval_and_p_value_agree(left: list[float], right: list[float]) -> None:
    interval, p_value = difference_interval(left, right), difference_p_value(left, right)
    assert interval.low <= interval.point <= interval.high
    assert 0 < p_value <= 1
    assert (p_value <= 0.05) == (interval.low > 0 or interval.high < 0)
    mirrored = difference_interval(right, left)
    assert (mirrored.low, mirrored.high) == (-interval.high, -interval.low)


def test_separated_samples_have_nearly_the_p_value_of_the_exact_rank_test() -> None:
    # all of one side below the other: 2 / C(2n, n), Mann and Whitney 1947
    for count, exact in ((6, 2 / 924), (12, 2 / 2_704_156)):
        p_value = difference_p_value(list(range(count)), [100 + value for value in range(count)])
        assert exact <= p_value <= 1.15 * exact


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"schema": 2}, "schema (A: 1, B: 2)"),
        ({"overhead_policy": "none"}, "overhead policy"),
        ({"library_sha256": "beef"}, "library hash (A: f00d, B: beef)"),
    ],
)
def test_runs_that_do_not_compare_are_refused_with_what_differs(change: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ResultsError) as refusal:
        check_comparable(RUN, replace(RUN, **change))
    assert sentence in str(refusal.value)
    check_comparable(RUN, replace(RUN, created="later"))


def test_files_without_a_common_case_are_refused() -> None:
    with pytest.raises(ResultsError, match="no case was measured in both files"):
        compare_results(results(1, {"x": normal(60)}), results(1, {"y": normal(60)}))


def test_failed_cases_are_not_compared() -> None:
    a, b = (results(seed, {"x": normal(60), "y": normal(60)}) for seed in (1, 2))
    b.cases.append(CaseRecord(case("y"), "failed", "it was ended by SIGSEGV", "p"))
    assert [row.id for row in compare_results(a, b)] == [case("x").id]
    assert warnings_of(a, b) == [f"only A measured {case('y').id}"]


def test_another_machine_and_another_clock_are_named() -> None:
    a = results(1, {"x": normal(60)})
    other = replace(RUN, fingerprint={"cpu": "D", "load_1min": 9.0, "packages": {"cffi": "2"}})
    b = results(2, {"x": normal(60)}, run=other)
    assert warnings_of(a, a) == []
    assert warnings_of(a, b) == ["the runs differ in cpu, package cffi: a difference need not be the code's"]
    for record in b.processes:
        record.controls["thermometer"].elapsed_ns[:] = [round(51.5 * ITERATIONS)] * ROUNDS
    assert "the fixed C loop itself ran 3.0% slower in B: the machine's clock differs" in warnings_of(a, b)


def test_scatter_is_split_into_what_it_was_made_of() -> None:
    rng = random.Random(7)

    def file(ns: float) -> list[dict[int, float]]:
        levels = [rng.gauss(ns, 2.0) for _ in range(400)]
        return [{r: rng.gauss(level, 1.0) for r in range(40)} for level in levels]

    scatter = split_scatter(file(60), file(80))
    assert scatter.round_ns == pytest.approx(1.0, rel=0.1)
    assert scatter.process_ns == pytest.approx(2.0, rel=0.15)
    assert scatter.build_ns == pytest.approx(20 / 2**0.5, rel=0.05)
    assert split_scatter(file(60), file(60)).build_ns < 0.3
