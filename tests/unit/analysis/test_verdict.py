"""Verdicts against SciPy's exact tests, published corrections and cases worked out by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ffi_spectrum.analysis.verdict import holm, judge, judge_table, sign_test

SWAPPED = {"FASTER": "SLOWER", "SLOWER": "FASTER", "EQUIVALENT": "EQUIVALENT", "UNRESOLVED": "UNRESOLVED"}
# Multiples of 1/8 add and subtract without rounding.
eighths = st.integers(-400, 400).map(lambda n: n / 8)
samples = st.lists(eighths, min_size=1, max_size=60)


@given(st.lists(eighths.filter(bool), min_size=1, max_size=200))
def test_the_sign_test_is_the_exact_binomial_test(differences: list[float]) -> None:
    stats = pytest.importorskip("scipy.stats", reason="SciPy is the oracle of the exact binomial test")
    below = sum(d < 0 for d in differences)
    assert sign_test(differences) == pytest.approx(stats.binomtest(below, len(differences), 0.5).pvalue, rel=1e-9)


@pytest.mark.parametrize(
    ("differences", "p"),
    [
        ([1.0] * 5, 2 / 2**5),
        ([1.0] * 6, 2 / 2**6),
        ([1.0] * 8 + [-1.0], 2 * 10 / 2**9),
        # Conover 1999, section 3.4: 8 of 10 on one side
        ([1.0] * 8 + [-1.0] * 2, 2 * 56 / 2**10),
        ([1.0, -1.0], 1.0),
        ([], 1.0),
        ([0.0] * 40, 1.0),
        # a tie is half on either side, and the half that is left over speaks against a difference
        ([1.0] * 9 + [0.0], 2 / 2**10),
        ([1.0] * 8 + [0.0] * 2, 2 * 11 / 2**10),
    ],
)
def test_p_values_that_were_worked_out_by_hand(differences: list[float], p: float) -> None:
    assert sign_test(differences) == pytest.approx(p, rel=1e-12)


def test_a_long_run_of_one_sign_does_not_overflow() -> None:
    assert 0 <= sign_test([1.0] * 3000) < 1e-300
    assert sign_test([1.0, -1.0] * 1500) == 1.0


@pytest.mark.parametrize(
    ("p_values", "corrected"),
    [
        # R 4.3, p.adjust(c(0.01, 0.02, 0.03, 0.04), "holm")
        ([0.01, 0.02, 0.03, 0.04], [0.04, 0.06, 0.06, 0.06]),
        # Holm's procedure by hand: 3 * 0.01, then 2 * 0.04, then 1 * 0.03 raised to its forerunner's
        ([0.04, 0.01, 0.03], [0.06, 0.03, 0.06]),
        ([0.5, 0.9], [1.0, 1.0]),
        ([0.03], [0.03]),
        ([], []),
    ],
)
def test_holm_by_hand(p_values: list[float], corrected: list[float]) -> None:
    found = holm({str(n): p for n, p in enumerate(p_values)})
    assert list(found.values()) == pytest.approx(corrected, rel=1e-12)
    assert list(found) == [str(n) for n in range(len(p_values))]


def test_holm_on_the_table_of_benjamini_and_hochberg() -> None:
    """The 15 p-values of Benjamini and Hochberg 1995, section 3.2: stepping down at 5 % rejects the first three."""
    p_values = [
        0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590,
        1.0000,
    ]  # fmt: skip
    found = holm({f"row {n}": p for n, p in enumerate(p_values)})
    assert [key for key, p in found.items() if p <= 0.05] == ["row 0", "row 1", "row 2"]
    assert found["row 0"] == pytest.approx(15 * 0.0001)
    assert found["row 3"] == pytest.approx(12 * 0.0095)


@given(st.dictionaries(st.text(max_size=3), st.floats(0, 1), max_size=12))
def test_a_correction_keeps_the_order_and_never_helps(p_values: dict[str, float]) -> None:
    found = holm(p_values)
    in_order = [found[key] for key in sorted(p_values, key=p_values.__getitem__)]
    assert in_order == sorted(in_order)
    assert all(p_values[key] <= p <= 1 for key, p in found.items())


def spread(centre: float, half_range: float, count: int = 20) -> list[float]:
    """`count` values, evenly over `centre` +- `half_range`."""
    return [centre + half_range * (2 * n / (count - 1) - 1) for n in range(count)]


@pytest.mark.parametrize(
    ("differences", "verdict"),
    [
        (spread(0.0, 0.5), "EQUIVALENT"),
        (spread(0.3, 0.1), "EQUIVALENT"),  # known to be slower, and by too little to matter
        (spread(5.0, 0.5), "SLOWER"),
        (spread(-5.0, 0.5), "FASTER"),
        (spread(1.0, 0.5), "SLOWER"),  # across the margin, off zero
        (spread(0.0, 5.0), "UNRESOLVED"),  # too wide for either
        (spread(0.9, 1.5), "SLOWER"),
        (spread(0.5, 2.5), "UNRESOLVED"),
        (spread(5.0, 0.5, 5), "UNRESOLVED"),
        (spread(5.0, 0.5, 6), "SLOWER"),
        ([0.0] * 5, "UNRESOLVED"),
        ([0.0] * 6, "EQUIVALENT"),
    ],
)
def test_the_verdict_table(differences: list[float], verdict: str) -> None:
    assert judge(differences, margin_ns=1.0).verdict == verdict


def test_equivalence_takes_the_90_percent_interval_and_a_strict_margin() -> None:
    """With 20 processes that interval runs from the 6th to the 15th value: P(Binomial(20, 1/2) < 6) = 2.1 %."""
    differences = [float(n) for n in range(-10, 0)] + [float(n) for n in range(1, 11)]
    assert judge(differences, margin_ns=5.0).verdict == "UNRESOLVED"
    assert judge(differences, margin_ns=5.001).verdict == "EQUIVALENT"
    assert (judge(differences, 5.0).interval.low, judge(differences, 5.0).interval.high) == (-5.0, 5.0)


def test_equivalence_may_be_shown_where_the_95_percent_interval_leaves_the_margin() -> None:
    """With 18 processes TOST uses ranks 6 and 13, the interval that is shown ranks 5 and 14."""
    differences = [float(n) for n in range(-9, 0)] + [float(n) for n in range(1, 10)]
    judgement = judge(differences, margin_ns=4.5)
    assert (judgement.interval.low, judgement.interval.high) == (-5.0, 5.0)
    assert judgement.verdict == "EQUIVALENT"


def test_a_margin_of_zero_is_never_equivalent() -> None:
    assert judge([0.0] * 40, margin_ns=0.0).verdict == "UNRESOLVED"


def test_a_smaller_alpha_needs_more_processes() -> None:
    assert judge([0.0] * 7, 1.0, alpha=0.01).verdict == "UNRESOLVED"
    assert judge([0.0] * 8, 1.0, alpha=0.01).verdict == "EQUIVALENT"
    assert judge([5.0] * 7, 1.0, alpha=0.01).verdict == "UNRESOLVED"
    assert judge([5.0] * 8, 1.0, alpha=0.01).verdict == "SLOWER"


def test_a_corrected_p_value_overrules_the_interval() -> None:
    assert judge(spread(5.0, 0.5), 1.0).verdict == "SLOWER"
    assert judge(spread(5.0, 0.5), 1.0, p_value=0.2).verdict == "UNRESOLVED"


def test_a_long_table_is_harder_to_convince() -> None:
    """Seven of seven on one side is p = 1.6 %: enough alone, not among ten rows that say nothing."""
    clear, silent = spread(5.0, 0.5, 7), spread(0.0, 9.0, 7)
    alone = judge_table({"clear": (clear, 1.0)})
    among = judge_table({"clear": (clear, 1.0)} | {f"silent {n}": (silent, 1.0) for n in range(10)})
    assert alone["clear"].verdict == "SLOWER"
    assert among["clear"].verdict == "UNRESOLVED"
    assert among["clear"].p_value == pytest.approx(11 * 2 / 2**7)
    assert {row.verdict for key, row in among.items() if key != "clear"} == {"UNRESOLVED"}


def test_every_row_of_a_table_has_its_own_margin() -> None:
    table = judge_table({"wide": (spread(2.0, 0.5), 5.0), "narrow": (spread(2.0, 0.5), 1.0)})
    assert {key: (row.verdict, row.margin_ns) for key, row in table.items()} == {
        "wide": ("EQUIVALENT", 5.0),
        "narrow": ("SLOWER", 1.0),
    }


@given(samples, st.sampled_from([0.0, 0.5, 1.0, 10.0]))
def test_swapping_the_sides_swaps_the_verdict(differences: list[float], margin_ns: float) -> None:
    here, there = judge(differences, margin_ns), judge([-d for d in differences], margin_ns)
    assert there.verdict == SWAPPED[here.verdict]
    assert there.p_value == here.p_value
    assert (there.interval.low, there.interval.high) == (-here.interval.high, -here.interval.low)


@given(samples, eighths)
def test_a_constant_shift_moves_the_interval_and_nothing_else(differences: list[float], shift_ns: float) -> None:
    here, there = judge(differences, 1.0), judge([d + shift_ns for d in differences], 1.0)
    assert there.interval.low == here.interval.low + shift_ns
    assert there.interval.high == here.interval.high + shift_ns


@given(st.lists(eighths, min_size=6, max_size=60))
def test_a_shift_beyond_all_values_decides_every_verdict(differences: list[float]) -> None:
    beyond = max(abs(d) for d in differences) + 2
    assert judge([d + beyond for d in differences], 1.0).verdict == "SLOWER"
    assert judge([d - beyond for d in differences], 1.0).verdict == "FASTER"


@given(st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=5), st.floats(0, 1e9))
def test_fewer_than_six_processes_settle_nothing(differences: list[float], margin_ns: float) -> None:
    assert judge(differences, margin_ns).verdict == "UNRESOLVED"
