"""A measuring process gives each thread an instance of its own, and says what it saw. No times are judged here."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from ffi_spectrum.errors import UsageError
from ffi_spectrum.measure import instance, threads_worker
from ffi_spectrum.measure.instance import Way
from ffi_spectrum.measure.threads import ThreadsOptions, structure_answer, thread_counts, without_kernel
from ffi_spectrum.rungs.table import RUNGS

from .thread_log_rung import ThreadLogRung, fresh_class

WAY = Way("python", "", "spin", "prebound", "none")
ROW: dict[str, Any] = {
    "way": WAY.to_json(), "artifacts": {}, "call_ns": 1e6, "window_ns": 30_000_000, "threads": [1, 3],
    "is_control": False, "seed": 7,
}  # fmt: skip


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> type[ThreadLogRung]:
    found = fresh_class()
    monkeypatch.setattr(instance, "rung_class", lambda name: found)
    monkeypatch.setattr("gc.disable", lambda: None)
    monkeypatch.setattr("gc.freeze", lambda: None)
    return found


def test_an_instance_is_used_by_the_thread_that_made_it_and_by_no_other(logged: type[ThreadLogRung]) -> None:
    threads_worker.main(ROW)
    owners = {number: thread for what, number, thread in logged.log if what == "made"}
    assert len(owners) == len(set(owners.values())) == 4
    assert [thread for _, number, thread in logged.log if thread != owners[number]] == []
    assert threading.get_ident() in owners.values()  # the event loop's, for calls within it
    for number in owners:
        did = [what for what, own, _ in logged.log if own == number]
        assert (did[1], did[-1]) == ("open", "close")
        assert "call" in did


def test_the_answer_becomes_a_record(logged: type[ThreadLogRung]) -> None:
    record = structure_answer(WAY, 2, 7, threads_worker.main(ROW))
    assert record.key == ("threads", "python", 2)
    assert [one.threads for one in record.throughputs] == [1, 3]
    assert [len(one.calls) for one in record.throughputs] == [1, 3]
    assert all(sum(one.calls) > 0 for one in record.throughputs)
    assert all(elapsed >= ROW["window_ns"] for one in record.throughputs for elapsed in one.elapsed_ns)
    assert set(record.waits) == {"thread", "to_thread", "direct"}
    assert all(one.calls > 0 and one.late_ns for one in record.waits.values())
    assert record.size == logged.sizes[-1] > 1


def test_a_control_also_sleeps_with_nobody_about(logged: type[ThreadLogRung]) -> None:
    waits = threads_worker.main({**ROW, "is_control": True, "threads": [1]})["waits"]
    assert set(waits) == {"thread", "to_thread", "direct", "idle_thread", "idle_loop"}
    assert [waits[name]["calls"] for name in ("idle_thread", "idle_loop")] == [0, 0]


def test_the_control_is_always_among_the_ways() -> None:
    assert [way.name for way in ThreadsOptions(rungs=("python",)).ways] == ["floor.dlsym", "python"]
    options = ThreadsOptions()
    assert {way.rung for way in options.ways} | set(without_kernel(options)) == set(RUNGS)


def test_one_two_and_all_cpus(monkeypatch: pytest.MonkeyPatch) -> None:
    for cpus, counts in (({0}, [1, 2]), ({0, 1}, [1, 2]), (set(range(8)), [1, 2, 8])):
        monkeypatch.setattr("os.sched_getaffinity", lambda pid, cpus=cpus: cpus)
        assert thread_counts() == counts


@pytest.mark.parametrize(
    "options", [{"rungs": ("cgo",)}, {"call_ms": 5.0}, {"window_ms": 15.0}, {"processes": 0}], ids=str
)
def test_options_that_mean_nothing_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        ThreadsOptions(**options)
