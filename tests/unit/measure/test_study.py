"""Tasks run interleaved, each on disk before the next; what is there already, or cannot be done, is not done again."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ffi_spectrum.errors import MeasurementError
from ffi_spectrum.measure.observer import Observer
from ffi_spectrum.measure.study import Task, run_study
from ffi_spectrum.results.costs import KINDS, PackageRecord
from ffi_spectrum.results.study import AbsentRecord, Study, StudyRun, read_study

RUN = StudyRun("costs", {}, {}, "2026-11-24", "0.1.0")
Run = Callable[[], Any]


class Log(Observer):
    def __init__(self) -> None:
        self.said: list[tuple[object, ...]] = []

    def start(self, total_processes: int, done: int, predicted_s: float) -> None:
        self.said.append((total_processes, done, predicted_s))

    def process_done(self, panel_id: str, done: int, total: int, seconds_left: float) -> None:
        self.said.append((panel_id, done, total))


def task(subject: str, process: int, log: list[tuple[str, int]], run: Run | None = None) -> Task:
    def record() -> PackageRecord:
        log.append((subject, process))
        return PackageRecord(subject, process, 1.0, 1, 1)

    return Task(("package", subject, process), run or record, 2.0)


def study_of(path: Path, tasks: list[Task], seed: int = 0, observer: Observer | None = None) -> Study:
    return run_study(path, RUN, KINDS, tasks, observer or Observer(), random.Random(seed))


def test_every_first_process_comes_before_any_second_and_the_order_is_random(tmp_path: Path) -> None:
    orders = set()
    for seed in range(8):
        log: list[tuple[str, int]] = []
        tasks = [task(subject, process, log) for subject in "abc" for process in (0, 1)]
        study = study_of(tmp_path / f"{seed}.jsonl", tasks, seed)
        assert [process for _, process in log] == [0, 0, 0, 1, 1, 1]
        assert [(one.subject, one.process) for one in study.records] == log
        orders.add(tuple(subject for subject, _ in log))
    assert len(orders) > 3


def test_a_file_goes_on_where_it_ended(tmp_path: Path) -> None:
    log: list[tuple[str, int]] = []
    path, observer = tmp_path / "a.jsonl", Log()
    study_of(path, [task("a", 0, log)])
    study = study_of(path, [task("a", process, log) for process in range(3)], observer=observer)
    assert log == [("a", 0), ("a", 1), ("a", 2)]
    assert observer.said == [(3, 1, 4.0), ("a", 2, 3), ("a", 3, 3)]
    assert study.records == read_study(path, "costs", KINDS).records


def test_what_cannot_be_done_is_recorded_once_with_its_reason(tmp_path: Path) -> None:
    log: list[tuple[str, int]] = []
    tries = []

    def fail() -> Any:
        tries.append(1)
        raise MeasurementError("it has no such thing")

    path = tmp_path / "a.jsonl"
    tasks = [*(task("bad", n, log, fail) for n in range(3)), *(task("good", n, log) for n in range(3))]
    for _ in range(2):
        study = study_of(path, tasks)
        assert study.of("absent") == [AbsentRecord("package", "bad", "it has no such thing")]
        assert len(study.of("package")) == 3
    assert len(tries) == 1


def test_ctrl_c_loses_the_process_that_ran_and_no_other(tmp_path: Path) -> None:
    log: list[tuple[str, int]] = []

    def interrupt() -> Any:
        raise KeyboardInterrupt

    path = tmp_path / "a.jsonl"
    with pytest.raises(KeyboardInterrupt):
        study_of(path, [task("a", 0, log), task("a", 1, log, interrupt)])
    assert [one.key for one in read_study(path, "costs", KINDS).records] == [("package", "a", 0)]
    study_of(path, [task("a", 0, log), task("a", 1, log)])  # the lock was let go
    assert log == [("a", 0), ("a", 1)]
