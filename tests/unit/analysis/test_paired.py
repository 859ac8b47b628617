"""What a panel's processes say: which cases count, and that values of equally many processes are drawn together."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ffi_spectrum.analysis.decomposition import decompose
from ffi_spectrum.analysis.ladder import Kinship
from ffi_spectrum.analysis.paired import paired_panels
from ffi_spectrum.case import Case
from ffi_spectrum.results.record import CaseRecord

from ..parted import run, single_cases


def cost(case: Case) -> float:
    return {"a": 20.0, "b": 50.0}.get(case.rung, 1.0)


def test_the_floor_is_no_case_and_neither_is_a_failed_one() -> None:
    results = run({("noop", 0): single_cases("noop", 0, ("floor", "a", "b", "c"))}, cost)
    b, c = (Case("noop", 0, rung, "prebound", "none") for rung in "bc")
    results.cases += [CaseRecord(b, "failed", "it died", "p"), CaseRecord(c, "unavailable", "not then", "p")]
    (panel,) = paired_panels(results)
    assert [case.rung for case in panel.cases.values()] == ["a", "c"]
    assert (panel.kernel, panel.size, panel.group) == ("noop", 0, "in-process")
    assert panel.find(b) is None
    assert panel.find(replace(c, kernel="other", size=9)) == c


def test_an_anchor_counts_in_the_group_that_the_plan_names_first() -> None:
    results = run({("noop", 0): single_cases("noop", 0, ("a", "b"))}, cost)
    ids = results.run.plan["panels"]["in-process/noop/0"]
    results.run.plan["panels"]["out-of-process/noop/0"] = ids[:1]
    records = [replace(p, panel="out-of-process/noop/0", cases=p.cases[:1]) for p in results.processes]
    results.processes += records
    assert [(panel.group, len(panel.cases)) for panel in paired_panels(results)] == [("in-process", 2)]
    results.run.plan["panels"] = dict(reversed(results.run.plan["panels"].items()))
    found = {panel.group: [case.rung for case in panel.cases.values()] for panel in paired_panels(results)}
    assert found == {"out-of-process": ["a"], "in-process": ["b"]}


def test_values_are_exact_and_differences_keep_what_processes_share() -> None:
    results = run({("noop", 0): single_cases("noop", 0, ("a", "b"))}, cost, lambda case: 3.0, noise=0.0)
    for record in results.processes:
        for row in record.cases:
            row.series.elapsed_ns[:] = [ns + record.process * row.series.iterations for ns in row.series.elapsed_ns]
    (panel,) = paired_panels(results)
    a, b = panel.cases.values()
    assert panel.calls(a) == pytest.approx([23.0 + process for process in range(12)], abs=1e-4)
    assert panel.works(a) == pytest.approx([3.0] * 12, abs=1e-3)
    assert panel.boundaries(a) == pytest.approx([20.0 + process for process in range(12)], abs=1e-3)
    assert panel.differences(b, a) == pytest.approx([30.0] * 12, abs=1e-4)
    assert panel.double_differences((b, a), (b, b)) == pytest.approx([30.0] * 12, abs=1e-4)
    together = panel.sampled(panel.calls(b)) - panel.sampled(panel.calls(a))
    np.testing.assert_allclose(together.draws, 30.0, atol=1e-4)


def test_a_way_to_convert_has_no_prebound_call_of_its_own() -> None:
    """Fresh variants stand on the rung's one prebound call; variants that are ways to wait have one each."""
    one = Case("saxpy", 8, "a", "prebound", "host")
    cells = {
        ("noop", 0): [Case("noop", 0, "a", "prebound", "none"), Case("noop", 0, "w", "prebound", "none", "spin")],
        ("saxpy", 8): [
            one, replace(one, form="fresh", variant="data_as"), replace(one, rung="w", variant="spin"),
            replace(one, rung="w", variant="spin", form="fresh"),
        ],
    }  # fmt: skip

    def boundary(case: Case) -> float:
        return 10.0 + (0.0 if case.kernel == "noop" else 5.0) + (400.0 if case.form == "fresh" else 0.0)

    found = decompose(paired_panels(run(cells, boundary, noise=0.0)), Kinship())
    by_name = {(d.case.rung, d.case.form): {k: round(v.point) for k, v in d.parts.items()} for d in found}
    expected = {"work": 3, "dispatch": 10, "arguments": 5, "conversion": 400}
    assert by_name["a", "fresh"] == by_name["w", "fresh"] == expected
