"""Parts are recovered, add up, and say so where they do not cost the same everywhere."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ffi_spectrum.analysis.decomposition import Decomposition, decompose, shares
from ffi_spectrum.analysis.ladder import PARTS, Kinship
from ffi_spectrum.analysis.paired import paired_panels
from ffi_spectrum.case import Case
from ffi_spectrum.errors import ResultsError
from ffi_spectrum.results.record import CaseRecord, ProcessRecord

from ..parted import KIN, Costs, run, single_cases, whole_run


def decomposed(costs: Costs, noise: float = 0.003, seed: int = 1) -> dict[str, Decomposition]:
    """By what tells the cases apart."""
    found = decompose(paired_panels(whole_run(costs, noise, seed=seed)), KIN)
    return {f"{d.case.kernel} {d.case.rung} {d.case.form} {d.case.placement}": d for d in found}


def points(one: Decomposition) -> dict[str, float]:
    return {name: round(part.point, 3) for name, part in one.parts.items()}


def test_every_part_is_recovered_where_nothing_scatters() -> None:
    found = decomposed(Costs(), noise=0.0)
    assert points(found["noop free prebound none"]) == {"work": 3.0, "dispatch": 20.0, "GIL": 24.0}
    assert points(found["add held prebound none"]) == {"work": 3.0, "dispatch": 20.0, "arguments": 15.0, "types": 60.0}
    native = {"work": 3.0, "dispatch": 20.0, "arguments": 25.0, "types": 60.0, "conversion": 500.0, "GIL": 24.0}
    assert points(found["saxpy free fresh host"]) == native
    assert points(found["saxpy stock fresh host"]) == {
        "work": 3.0, "dispatch": 18.0, "arguments": 25.0, "copying": 300.0, "conversion": 500.0, "GIL": 120.0,
        "runtime": 6000.0,
    }  # fmt: skip
    assert points(found["saxpy guest prebound guest"]) == {"work": 3.0, "dispatch": 18.0, "arguments": 25.0}
    assert "copying" not in found["saxpy guest fresh guest"].parts
    assert all(list(d.parts) == [name for name in PARTS if name in d.parts] for d in found.values())


def test_a_rung_without_a_twin_keeps_the_release_in_its_dispatch() -> None:
    found = decomposed(Costs(), noise=0.0)
    assert points(found["add loose prebound none"]) == {"work": 3.0, "dispatch": 44.0, "arguments": 15.0}


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.floats(0.5, 5000), min_size=5, max_size=5),
    st.floats(0.3, 1e5),
)
def test_parts_add_up_whatever_they_are(parts: list[float], work: float) -> None:
    types, copying, conversion, gil, runtime = parts
    costs = Costs(work, types=types, copying=copying, conversion=conversion, gil=gil, runtime=runtime)
    for one in decomposed(costs, noise=0.0).values():
        assert one.residual.point == pytest.approx(0, abs=1e-3 * len(one.parts))
        assert one.whole.point == pytest.approx(work + costs.boundary(one.case), rel=1e-4, abs=1e-3)
        assert one.interaction is None or one.interaction.point == pytest.approx(0, abs=1e-2)


def test_they_add_up_in_noise_too() -> None:
    for seed in range(3):
        found = list(decomposed(Costs(), noise=0.01, seed=seed).values())
        assert len(found) == 36
        assert sum(one.adds_up for one in found) >= 0.95 * len(found)
        elsewhere = [one.is_additive for one in found if one.is_additive is not None]
        assert len(elsewhere) == 12 + 1 + 3  # scalars of a known signature, free and guest_free beside other parts
        assert sum(elsewhere) >= 0.9 * len(elsewhere)


def test_a_part_that_costs_more_beside_another_is_found() -> None:
    found = decomposed(Costs(beside=8.0))
    one = found["saxpy free fresh host"]
    assert one.adds_up
    assert one.parts["GIL"].point == pytest.approx(32, abs=4)
    assert one.elsewhere is not None
    assert one.elsewhere["GIL"].point == pytest.approx(24, abs=1)
    several = found["saxpy guest_free fresh guest"]
    assert several.interaction is not None
    assert several.interaction.point == pytest.approx(40, abs=5)
    assert several.is_additive is False
    assert found["saxpy free prebound host"].is_additive is None
    by_rung = {share.rung: share for share in shares(list(found.values()))}
    assert (by_rung["guest_free"].cases, by_rung["guest_free"].elsewhere) == (7, 5)
    assert by_rung["guest_free"].additive <= 3
    assert (by_rung["held"].cases, by_rung["held"].adding, by_rung["held"].elsewhere) == (5, 5, 2)


def test_a_kernel_of_the_same_signature_that_costs_something_else_is_found() -> None:
    one = decomposed(Costs(arguments={"add": 25.0, "args2": 15.0}))["add held prebound none"]
    assert one.adds_up
    assert one.interaction is not None
    assert one.interaction.point == pytest.approx(10, abs=0.5)
    assert one.is_additive is False


def test_pairs_are_paired_within_their_process() -> None:
    """Each process is slower than the last by a percent: whole and parts drift, and what is left over does not."""
    results = whole_run(Costs(), noise=0.0)
    for record in results.processes:
        _slow_down(record, 1 + 0.01 * record.process)
    found = decompose(paired_panels(results), KIN)
    one = next(d for d in found if d.case == Case("saxpy", 8, "free", "fresh", "host"))
    whole, residual = one.whole.interval, one.residual.interval
    assert whole.high - whole.low > 20
    assert residual.high - residual.low < 1


def _slow_down(record: ProcessRecord, factor: float) -> None:
    everything = [row.series for row in record.cases]
    for series in (*everything, *record.far.values(), *record.far_once.values(), *record.controls.values()):
        series.elapsed_ns[:] = [round(ns * factor) for ns in series.elapsed_ns]


def test_without_noop_there_is_nothing_to_start_from() -> None:
    results = run({("add", 0): single_cases("add", 0)}, Costs().boundary)
    with pytest.raises(ResultsError, match="no decomposition without noop: measure it, too, in the same run"):
        decompose(paired_panels(results), KIN)


def test_a_rung_without_noop_or_a_far_side_is_left_out() -> None:
    cells = {("noop", 0): single_cases("noop", 0, ("held",)), ("add", 0): single_cases("add", 0, ("held", "free"))}
    results = run(cells, Costs().boundary)
    found = decompose(paired_panels(results), KIN)
    assert [d.case.rung for d in found if d.case.kernel == "add"] == ["held", "free"]
    lone = decompose(paired_panels(results), Kinship())
    assert [d.case.rung for d in lone if d.case.kernel == "add"] == ["held"]
    for record in results.processes:
        record.cases[:] = [replace(row, far="") if row.case.rung == "free" else row for row in record.cases]
    assert [d.case.rung for d in decompose(paired_panels(results), KIN) if d.case.kernel == "add"] == ["held"]


def test_a_failed_case_is_no_part_of_anything() -> None:
    results = whole_run(Costs())
    results.cases.append(CaseRecord(Case("saxpy", 8, "held", "fresh", "host"), "failed", "it died", "p"))
    found = {d.case.id: d for d in decompose(paired_panels(results), KIN)}
    assert "saxpy/8/held/fresh/host/per_call" not in found
    assert "conversion" not in found["saxpy/8/free/fresh/host/per_call"].parts
    assert not found["saxpy/8/free/fresh/host/per_call"].adds_up
