"""Panels are measured in stages, one per look, and a run that was killed goes on as it would have."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import pytest

from ffi_spectrum.analysis.panel import next_look
from ffi_spectrum.measure.looks import measure_panels
from ffi_spectrum.measure.observer import Observer
from ffi_spectrum.plan import Panel, Plan
from ffi_spectrum.results.record import CaseRecord
from ffi_spectrum.results.store import Results

from ..fake_panels import RUNGS, Times, case, empty_results, panel, plan, record, steady, swinging

STEADY = dict.fromkeys(RUNGS, steady(50.0))
# Precise from the second look on: of twenty processes, four swing.
SETTLING = STEADY | {"ctypes": swinging(50.0, 9.0, until=4)}
NEVER = STEADY | {"ctypes": swinging(50.0, 9.0)}
KERNELS = ("noop", "add", "sum8")


class Watcher(Observer):
    """Keeps what a run says."""

    def __init__(self) -> None:
        self.said: list[tuple[object, ...]] = []

    def bound(self, most_s: float) -> None:
        self.said.append(("bound", most_s))

    def start(self, total_processes: int, done: int, predicted_s: float) -> None:
        self.said.append(("start", total_processes, done, predicted_s))

    def process_done(self, panel_id: str, done: int, total: int, seconds_left: float) -> None:
        self.said.append(("process", done, total))

    def go_on(self, panels: int, total: int, predicted_s: float) -> None:
        self.said.append(("go on", panels, total, predicted_s))

    def panel_done(self, panel_id: str) -> None:
        self.said.append(("done", panel_id))


class Machine:
    """Stands in for launching workers: times by kernel and rung, a case that crashes, and a kill."""

    def __init__(self, plan: Plan, times: Mapping[str, Mapping[str, Times]], results: Results | None = None) -> None:
        self.plan, self.times = plan, times
        self.results = results or empty_results(plan)
        self.launched: list[tuple[str, int]] = []
        self.crash: tuple[str, int] | None = None
        self.kill_after = -1
        self.watcher = Watcher()

    def sample(self, panel: Panel, process: int) -> bool:
        if len(self.launched) == self.kill_after:
            raise KeyboardInterrupt
        self.launched.append((panel.kernel, process))
        if self.crash is not None and self.crash[1] == process:
            self.results.add(CaseRecord(case(self.crash[0], panel.kernel), "failed", "SIGSEGV", panel.id))
        dropped = {found.case.id for found in self.results.cases}
        times = {one.rung: self.times[panel.kernel][one.rung] for one in panel.cases if one.id not in dropped}
        if not times:
            return False
        self.results.add(record(panel, process, times, facts={"elapsed_ms": 250.0}))
        return True

    def run(self) -> dict[str, int]:
        """The number of processes of each kernel's panel."""
        measure_panels(self.plan, self.results, next_look, self.sample, self.watcher)
        return dict(Counter(found.panel.split("/")[1] for found in self.results.processes))


def machine(results: Results | None = None, **how: object) -> Machine:
    """Three panels: one is precise at once, one at the second look, one never."""
    panels = [panel(kernel) for kernel in KERNELS]
    times = dict(zip(KERNELS, (STEADY, SETTLING, NEVER), strict=True))
    return Machine(plan(*panels, **how), times, results)  # type: ignore[arg-type]


def test_every_panel_stops_at_the_look_where_it_is_precise_or_at_its_cap() -> None:
    assert machine().run() == {"noop": 12, "add": 20, "sum8": 40}
    assert machine(looks=(12,)).run() == {"noop": 12, "add": 12, "sum8": 12}
    assert machine(cap_s=6.0).run() == {"noop": 12, "add": 20, "sum8": 20}


def test_a_stage_ends_before_the_next_begins_and_mixes_its_panels() -> None:
    one = machine()
    one.run()
    stages = [one.launched[:36], one.launched[36:52], one.launched[52:]]
    planned = [(KERNELS, range(12)), (KERNELS[1:], range(12, 20)), (KERNELS[2:], range(20, 40))]
    for stage, (kernels, numbers) in zip(stages, planned, strict=True):
        assert sorted(stage) == sorted((kernel, process) for kernel in kernels for process in numbers)
    for stage in stages[:2]:
        order = [kernel for kernel, _ in stage]
        assert order != sorted(order, key=KERNELS.index)
    again = machine()
    again.run()
    assert again.launched == one.launched


@pytest.mark.parametrize("kill_after", [*range(0, 72, 5), 36, 52, 71])
def test_a_killed_run_goes_on_with_the_same_looks_and_measures_what_is_missing(kill_after: int) -> None:
    killed = machine()
    killed.kill_after = kill_after
    with pytest.raises(KeyboardInterrupt):
        killed.run()
    resumed = machine(killed.results, seed=4)
    assert resumed.run() == {"noop": 12, "add": 20, "sum8": 40}
    assert len(resumed.launched) == 72 - kill_after
    assert not set(resumed.launched) & set(killed.launched)


def test_a_passed_look_is_not_taken_again() -> None:
    """The case that kept the panel open fails later; what is begun is finished, though all others are precise."""
    killed = Machine(plan(panel("noop")), {"noop": NEVER})
    killed.crash, killed.kill_after = ("ctypes", killed_at(killed)), 15
    with pytest.raises(KeyboardInterrupt):
        killed.run()
    assert len(killed.results.cases) == 1
    resumed = Machine(killed.plan, {"noop": NEVER}, killed.results)
    assert resumed.run() == {"noop": 20}


def killed_at(one: Machine) -> int:
    """The fourteenth process in the order of the run."""
    trial = Machine(one.plan, one.times)
    trial.run()
    return trial.launched[13][1]


def test_a_failed_case_does_not_keep_its_panel_open() -> None:
    one = Machine(plan(panel("noop")), {"noop": NEVER})
    one.crash = ("ctypes", 5)
    assert one.run() == {"noop": 12}


def test_a_panel_without_cases_ends() -> None:
    one = machine()
    for lost in panel("noop").cases:
        one.results.add(CaseRecord(lost, "unavailable", "no headers", panel("noop").id))
    assert one.run() == {"add": 20, "sum8": 40}
    assert Counter(kernel for kernel, _ in one.launched)["noop"] == 12


def test_a_finished_run_measures_nothing() -> None:
    first = machine()
    first.run()
    again = machine(first.results)
    again.run()
    assert again.launched == []
    assert again.watcher.said == [("bound", 0.0), ("start", 72, 72, 0.0)]


def test_a_run_tells_each_stage_when_it_begins() -> None:
    one = machine()
    one.run()
    said = one.watcher.said
    assert said[:2] == [("bound", 3 * 40 * 0.25), ("start", 36, 0, 36 * 0.25)]
    assert [what for what in said if what[0] == "go on"] == [
        ("go on", 2, 52, 16 * 0.25), ("go on", 1, 72, 20 * 0.25),
    ]  # fmt: skip
    assert [what for what in said if what[0] == "process"] == [
        *(("process", done, 36) for done in range(1, 37)),
        *(("process", done, 52) for done in range(37, 53)),
        *(("process", done, 72) for done in range(53, 73)),
    ]
    assert [what[1] for what in said if what[0] == "done"] == [panel(kernel).id for kernel in KERNELS]
