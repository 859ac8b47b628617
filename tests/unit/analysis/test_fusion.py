"""A fused call against the calls that it replaces: what is saved, by which side, and what the model says."""

from __future__ import annotations

import pytest

from ffi_spectrum.analysis.fusion import Fusion, fuse
from ffi_spectrum.analysis.paired import paired_panels
from ffi_spectrum.case import Case

from ..parted import run, single_cases

BOUNDARIES = {"dense_relu": 45.0, "matmul": 40.0, "bias_add": 30.0, "relu": 20.0}
WORKS = {"dense_relu": 900.0, "matmul": 800.0, "bias_add": 100.0, "relu": 60.0}
STEPS = {("dense_relu", 16): [("matmul", 16), ("bias_add", 16), ("relu", 16)]}


def boundary(case: Case) -> float:
    return BOUNDARIES[case.kernel] + (500.0 if case.form == "fresh" else 0.0)


def fused(missing: str = "", noise: float = 0.0) -> list[Fusion]:
    cells = {(name, 16): single_cases(name, 16, ("a", "b")) for name in BOUNDARIES}
    cells["relu", 16] = [case for case in cells["relu", 16] if case.rung != missing]
    results = run(cells, boundary, lambda case: WORKS[case.kernel], noise)
    return fuse(paired_panels(results), STEPS)


def test_the_saving_is_split_into_crossings_and_work() -> None:
    by_form = {(one.case.rung, one.case.form): one for one in fused()}
    assert len(by_form) == 4
    one = by_form["a", "prebound"]
    assert one.apart.point == pytest.approx(1050, abs=0.1)
    assert one.fused.point == pytest.approx(945, abs=0.1)
    assert one.saved.point == pytest.approx(105, abs=0.1)
    assert one.saved_crossing.point == pytest.approx(45, abs=0.1)
    assert one.saved_work.point == pytest.approx(60, abs=0.1)
    assert one.predicted.point == pytest.approx(50, abs=0.1)
    assert by_form["a", "fresh"].predicted.point == pytest.approx(1050, abs=0.1)


def test_a_rung_that_lacks_a_step_is_left_out() -> None:
    assert {one.case.rung for one in fused(missing="b")} == {"a"}


def test_without_the_panels_of_all_steps_there_is_nothing() -> None:
    cells = {(name, 16): single_cases(name, 16, ("a",)) for name in ("dense_relu", "matmul")}
    assert fuse(paired_panels(run(cells, boundary)), STEPS) == []
    assert fuse(paired_panels(run({("noop", 0): single_cases("noop", 0)}, lambda case: 1.0)), {}) == []


def test_panels_scatter_independently() -> None:
    """Noise of 1 % of four boundaries: the interval of the saving covers what was put in, and is not zero."""
    one = next(one for one in fused(noise=0.01) if one.case == Case("dense_relu", 16, "a", "fresh", "host"))
    saved = one.saved.interval
    assert saved.low <= 1105 <= saved.high
    assert 3 < saved.high - saved.low < 30
