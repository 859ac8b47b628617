"""Costs are medians over processes, by subject."""

from __future__ import annotations

import pytest

from ffi_spectrum.analysis.costs import package_costs, rung_costs

from ..costs_records import MB, some_records

ORDER = ("libffis.so", "ctypes", "cext", "uds")


def test_subjects_come_in_the_order_that_is_given_and_others_last() -> None:
    assert [one.subject for one in rung_costs(some_records(), ORDER)] == [*ORDER, "grpc"]


def test_figures_are_medians_with_their_intervals() -> None:
    found = {one.subject: one for one in rung_costs(some_records(), ORDER)}
    cext = found["cext"]
    assert (cext.needs_compiler, cext.processes, cext.reasons) == (True, 6, {})
    cold = cext.figures["cold_s"]
    assert (cold.point, cold.low, cold.high) == pytest.approx((3.25, 3.0, 3.5))
    assert cext.figures["build_nbytes"].point == 92_000
    assert cext.figures["first_call_s"].point == pytest.approx(0.00225)
    assert found["uds"].figures["worker_rss_nbytes"].point == 1_500_000
    assert found["uds"].needs_compiler is None
    assert found["libffis.so"].figures.keys() == {"cold_s", "cached_s", "build_nbytes"}


def test_what_is_missing_keeps_its_reasons() -> None:
    grpc = rung_costs(some_records(), ORDER)[-1]
    assert (grpc.figures, grpc.needs_compiler) == ({}, None)
    assert grpc.reasons == dict.fromkeys(("build", "start", "compiler"), "no grpcio")


def test_packages_stand_for_themselves() -> None:
    found = package_costs(some_records())
    assert [(one.subject, one.figures["nbytes"].point) for one in found] == [("ctypes", 0), ("wasmtime", 30 * MB)]
    assert found[0].to_json()["figures"]["import_s"] == [0.0014, 0.0014, 0.0014]
