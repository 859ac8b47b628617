"""Plans: every rung in the quick profile, the anchor in every panel, unknown names refused with the known ones."""

from __future__ import annotations

import pytest

from ffi_spectrum.errors import UsageError
from ffi_spectrum.kernels.table import KERNELS
from ffi_spectrum.plan import ANCHOR, PROFILES, load_profile, make_plan
from ffi_spectrum.rungs.table import RUNGS


def test_quick_covers_every_kernel_once_and_every_rung() -> None:
    plan = make_plan(load_profile("quick"))
    assert [panel.kernel for panel in plan.panels] == list(KERNELS)
    assert plan.processes == 12
    assert {case.rung for panel in plan.panels for case in panel.cases} == set(RUNGS)


@pytest.mark.parametrize("name", PROFILES)
def test_profiles_load_and_name_only_known_kernels(name: str) -> None:
    profile = load_profile(name)
    assert set(profile.sizes) <= set(KERNELS)
    assert make_plan(profile).predicted_s() > 0


def test_case_ids_are_unique() -> None:
    plan = make_plan(load_profile("full"))
    ids = [case.id for panel in plan.panels for case in panel.cases]
    assert len(ids) == len(set(ids))


def test_the_anchor_joins_every_panel() -> None:
    plan = make_plan(load_profile("quick"), rungs=["ctypes"], kernels=["add", "saxpy"], forms=["prebound"])
    assert [panel.kernel for panel in plan.panels] == ["add", "saxpy"]
    for panel in plan.panels:
        assert {case.rung for case in panel.cases} == {ANCHOR, "ctypes"}
        assert {case.form for case in panel.cases} == {"prebound"}


def test_missing_cases_carry_their_reason() -> None:
    plan = make_plan(load_profile("quick"), rungs=["numpy"], kernels=["crc32", "dot"])
    assert {(case.kernel, status) for case, status, _ in plan.absent} == {("crc32", "unavailable")}
    assert "no array form" in plan.absent[0][2]


def test_a_case_over_the_work_budget_is_skipped_with_its_prediction() -> None:
    plan = make_plan(load_profile("quick"), rungs=["pywasm"], kernels=["spin"], sizes=[1, 1_000])
    assert [case.size for panel in plan.panels for case in panel.cases if case.rung == "pywasm"] == [1]
    ((case, status, reason),) = plan.absent
    assert (case.size, status) == (1_000, "skipped")
    assert "predicted to take 36 ms" in reason


def test_sizes_replace_the_profiles_and_scalar_kernels_have_none() -> None:
    plan = make_plan(load_profile("quick"), kernels=["add", "dot"], sizes=[5, 9, 5])
    assert [(panel.kernel, panel.size) for panel in plan.panels] == [("add", 0), ("dot", 5), ("dot", 9)]


@pytest.mark.parametrize(
    "filters",
    [{"rungs": ["cgo"]}, {"kernels": ["sha256"]}, {"forms": ["boxed"]}, {"sizes": [-1]}],
)
def test_unknown_names_are_refused_with_the_known_ones(filters: dict[str, list[object]]) -> None:
    with pytest.raises(UsageError, match=r"there are|negative"):
        make_plan(load_profile("quick"), **filters)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="quick, full"):
        load_profile("slow")


def test_filters_that_exclude_each_other_are_one_sentence() -> None:
    with pytest.raises(UsageError, match="no case is left"):
        make_plan(load_profile("quick"), kernels=["add"], rungs=["ctypes"], forms=["fresh"])


def test_the_hash_is_of_the_cases_and_not_of_the_seed() -> None:
    plans = [make_plan(load_profile("quick"), kernels=["add"], seed=seed) for seed in (1, 2)]
    other = make_plan(load_profile("quick"), kernels=["dot"], seed=1)
    assert plans[0].sha256() == plans[1].sha256() != other.sha256()
