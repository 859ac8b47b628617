"""Plans: every rung in the quick profile, the anchor in every panel, unknown names refused with the known ones."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any

import pytest

from ffi_spectrum.analysis.stopping import looks, stopping_parameters
from ffi_spectrum.errors import UsageError
from ffi_spectrum.kernels.table import KERNELS
from ffi_spectrum.plan import ANCHOR, PROFILES, Panel, Plan, load_profile, make_plan
from ffi_spectrum.results.store import read_results
from ffi_spectrum.rungs.table import RUNGS, rung_class


def in_process(plan: Plan) -> list[Panel]:
    return [panel for panel in plan.panels if panel.panel_group == "in-process"]


def test_quick_covers_every_kernel_once_and_every_rung() -> None:
    plan = make_plan(load_profile("quick"))
    assert [panel.kernel for panel in in_process(plan)] == [n for n, kernel in KERNELS.items() if not kernel.is_probe]
    assert plan.profile.looks == (12,)
    planned = {case.rung for panel in plan.panels for case in panel.cases}
    assert planned | {case.rung for case, _, _ in plan.absent} == set(RUNGS)
    assert {name for name in RUNGS if not rung_class(name).info.uses_device} <= planned


@pytest.mark.parametrize("name", PROFILES)
def test_profiles_load_and_name_only_known_kernels(name: str) -> None:
    profile = load_profile(name)
    assert set(profile.sizes) <= set(KERNELS)
    least, most = make_plan(profile).predicted_s()
    assert 0 < least <= most


@pytest.mark.parametrize("name", PROFILES)
def test_profiles_look_when_the_rule_does(name: str) -> None:
    """So that its coverage, replayed with these looks, is theirs."""
    found = load_profile(name).looks
    assert found == tuple(islice(looks(), len(found)))


def test_the_full_profile_is_over_in_a_quarter_of_an_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a minute of it is for builds and for counting calls. Where it is not, its `budget_s` is too large."""
    monkeypatch.setattr("ffi_spectrum.rungs.device_rung.absence", lambda: "a device takes its time beside that")
    assert make_plan(load_profile("full")).predicted_s()[1] <= 14.5 * 60


def test_a_panel_is_predicted_up_to_its_first_look_and_its_cap() -> None:
    profile = replace(load_profile("quick"), looks=(12, 20, 40), cap_s=6.0)
    quick, slow, slower = (Panel("noop", 0, "in-process", (), seconds) for seconds in (0.1, 0.2, 5.0))
    assert quick.predicted_s(profile) == pytest.approx((1.2, 4.0))
    assert slow.predicted_s(profile) == pytest.approx((2.4, 4.0))
    assert slower.predicted_s(profile) == (60.0, 60.0)  # the first look is always taken
    assert slow.predicted_s(replace(profile, cap_s=None)) == pytest.approx((2.4, 8.0))
    assert Plan(profile, (quick, slow), (), 0).predicted_s() == pytest.approx((3.6, 8.0))


def test_panels_share_the_budget() -> None:
    profile = replace(load_profile("quick"), budget_s=30.0)
    assert make_plan(profile, kernels=["noop", "add"], rungs=["ctypes"]).profile.cap_s == 15.0
    assert make_plan(profile, kernels=["noop"], rungs=["ctypes"]).profile.cap_s == 30.0
    assert make_plan(replace(profile, budget_s=None), kernels=["noop"]).profile.cap_s is None


@pytest.mark.parametrize(
    "change", [{"looks": (12, 20)}, {"cap_s": 3.0}, {"stopping": {"confidence": 0.99}}], ids=lambda one: next(iter(one))
)
def test_runs_that_stop_by_different_rules_have_different_plans(change: dict[str, Any]) -> None:
    profile = replace(load_profile("quick"), stopping=stopping_parameters())
    hashes = {make_plan(one, kernels=["add"]).sha256() for one in (profile, replace(profile, **change))}
    assert len(hashes) == 2


def test_case_ids_are_unique_within_a_group() -> None:
    """Anchors stand in the panels of other groups, too."""
    plan = make_plan(load_profile("full"))
    ids = [(panel.panel_group, case.id) for panel in plan.panels for case in panel.cases]
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
    assert [(panel.kernel, panel.size) for panel in in_process(plan)] == [("add", 0), ("dot", 5), ("dot", 9)]


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


def test_windows_are_the_profiles_and_none_takes_a_block_too_long() -> None:
    profile = replace(load_profile("quick"), windows=(8, 64))
    plan = make_plan(profile, rungs=["pipe"], kernels=["ends"], sizes=[1, 2**20])
    windows = {(c.size, dict(c.params)["window"]) for p in plan.panels for c in p.cases if c.strategy == "pipelined"}
    assert windows == {(1, 8), (1, 64), (2**20, 8)}
    reasons = {dict(case.params)["window"]: reason for case, status, reason in plan.absent if status == "skipped"}
    assert "filling the window takes" in reasons[64]


@pytest.fixture
def device_plan(monkeypatch: pytest.MonkeyPatch) -> Plan:
    """What is planned where there is a GPU."""
    monkeypatch.setattr("ffi_spectrum.rungs.device_rung.absence", lambda: "")
    paths = [name for name in RUNGS if rung_class(name).info.panel_group == "device"]
    return make_plan(load_profile("quick"), rungs=paths, kernels=["noop", "saxpy"])


def test_launches_in_a_row_are_planned_for_every_path(device_plan: Plan) -> None:
    """A device's queue is the driver's: its pipelined cases have no window that a profile could leave out."""
    for panel in device_plan.panels:
        own = [case for case in panel.cases if case.placement == "device"]
        one_by_one, in_a_row = ({c.way for c in own if c.strategy == s} for s in ("per_call", "pipelined"))
        assert in_a_row == one_by_one != set(), panel.id


def test_a_device_s_processes_take_what_the_recorded_ones_took(device_plan: Plan) -> None:
    """Where a new recording takes longer, `beside_s` of rungs/device_rung.py is what has to follow."""
    recorded = read_results(Path(__file__).parents[2] / "docs" / "results" / "device-h100.jsonl")
    parts = ("prepare_ms", "calibrate_ms", "rounds_ms", "latencies_ms")
    panels = [panel for panel in device_plan.panels if panel.panel_group == "device"]
    assert [panel.id for panel in panels] == ["device/noop/0", "device/saxpy/1024"]
    for panel in panels:
        taken_ms = [sum(p.facts[part] for part in parts) for p in recorded.processes if p.panel == panel.id]
        assert panel.process_s == pytest.approx(median(taken_ms) / 1000, rel=0.3), panel.id


def test_other_groups_have_anchors_and_only_the_profiles_kernels() -> None:
    plan = make_plan(load_profile("quick"))
    remote = [panel for panel in plan.panels if panel.panel_group == "out-of-process"]
    assert [panel.kernel for panel in remote if any(case.rung == "pipe" for case in panel.cases)] == ["noop"]
    assert {"floor", "cffi_api"} < {case.rung for case in remote[0].cases}
    asked = make_plan(load_profile("quick"), rungs=["pipe"])
    assert len([panel for panel in asked.panels if panel.panel_group == "out-of-process"]) > 10


def test_wide_calls_to_other_processes_are_planned_where_their_data_fit() -> None:
    plan = make_plan(load_profile("full"), kernels=["saxpy"], sizes=[1024, 100_000])
    found = {(c.rung, c.strategy, c.size, dict(c.params)["calls"]) for p in plan.panels for c in p.cases
             if p.panel_group == "out-of-process" and "calls" in dict(c.params)}  # fmt: skip
    for rung in ("shm_ring", "shm_ring_py", "uds"):
        assert {(rung, "batched", 1024, 100), (rung, "replayed", 1024, 100), (rung, "replayed", 100_000, 10)} <= found
    assert {("pipe", "batched", 1024, 100), ("grpc", "batched", 1024, 100)} <= found
    batches = [(case, reason) for case, _, reason in plan.absent if case.strategy == "batched"]
    reasons = {case.rung: reason for case, reason in batches if dict(case.params)["calls"] == 100}
    assert "120000400 bytes" in reasons["shm_ring"]
    assert "predicted to take" in next(reason for case, reason in batches if case.rung == "grpc")
