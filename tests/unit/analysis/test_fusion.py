"""A fused call against the calls that it replaces: what is saved, by which side, and what the model says."""

from __future__ import annotations

import pytest

from ffi_spectrum.analysis.fusion import Fusion, fuse
from ffi_spectrum.analysis.paired import paired_panels
from ffi_spectrum.case import Case

from ..parted import run, single_cases

# a dispatch of 10 ns and 5 ns an argument, but for the fused call, which has 7 of 14 and takes 4 ns more
BOUNDARIES = {"dense_relu": 49.0, "matmul": 40.0, "bias_add": 35.0, "relu": 25.0, "noop": 10.0}
ARGUMENTS = {"dense_relu": 7, "matmul": 6, "bias_add": 5, "relu": 3}
WORKS = {"dense_relu": 900.0, "matmul": 800.0, "bias_add": 100.0, "relu": 60.0, "noop": 1.0}
STEPS = {("dense_relu", 16): [("matmul", 16), ("bias_add", 16), ("relu", 16)]}


def boundary(case: Case) -> float:
    return BOUNDARIES[case.kernel] + (500.0 if case.form == "fresh" else 0.0)


def fused(missing: str = "", noise: float = 0.0, has_noop: bool = True) -> list[Fusion]:
    cells = {(name, 16): single_cases(name, 16, ("a", "b")) for name in ARGUMENTS}
    if has_noop:
        cells["noop", 0] = single_cases("noop", 0, ("a", "b"))
    cells["relu", 16] = [case for case in cells["relu", 16] if case.rung != missing]
    results = run(cells, boundary, lambda case: WORKS[case.kernel], noise)
    return fuse(paired_panels(results), STEPS, ARGUMENTS.__getitem__)


def test_the_saving_is_split_into_crossings_and_work() -> None:
    by_form = {(one.case.rung, one.case.form): one for one in fused()}
    assert len(by_form) == 4
    one = by_form["a", "prebound"]
    assert one.apart.point == pytest.approx(1060, abs=0.1)
    assert one.fused.point == pytest.approx(949, abs=0.1)
    assert one.saved.point == pytest.approx(111, abs=0.1)
    assert one.saved_crossing.point == pytest.approx(51, abs=0.1)
    assert one.saved_work.point == pytest.approx(60, abs=0.1)


def test_the_model_gives_the_fused_call_its_share_of_all_arguments() -> None:
    by_form = {one.case.form: one.predicted for one in fused() if one.case.rung == "a"}
    assert by_form["prebound"] is not None
    assert by_form["prebound"].point == pytest.approx(2 * 10 + 7 * 5, abs=0.1)
    assert by_form["fresh"] is not None
    assert by_form["fresh"].point == pytest.approx(2 * 10 + 7 * 5 + 1500 / 2, abs=0.1)
    assert all(one.predicted is None for one in fused(has_noop=False))


def test_a_rung_that_lacks_a_step_is_left_out() -> None:
    assert {one.case.rung for one in fused(missing="b")} == {"a"}


def test_without_the_panels_of_all_steps_there_is_nothing() -> None:
    cells = {(name, 16): single_cases(name, 16, ("a",)) for name in ("dense_relu", "matmul")}
    assert fuse(paired_panels(run(cells, boundary)), STEPS, len) == []
    assert fuse(paired_panels(run({("noop", 0): single_cases("noop", 0)}, lambda case: 1.0)), {}, len) == []


def test_panels_scatter_independently() -> None:
    """Noise of 1 % of four boundaries: the interval of the saving covers what was put in, and is not zero."""
    one = next(one for one in fused(noise=0.01) if one.case == Case("dense_relu", 16, "a", "fresh", "host"))
    saved = one.saved.interval
    assert saved.low <= 1111 <= saved.high
    assert 3 < saved.high - saved.low < 30
