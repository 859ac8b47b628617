"""CUPTI's process: records are joined by correlation id, and whatever keeps it from recording is a reason."""

from __future__ import annotations

from enum import IntEnum
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ffi_spectrum.errors import MeasurementError, Unavailable, WorkerDied
from ffi_spectrum.measure.device import cupti
from ffi_spectrum.measure.device.cupti import MISSING, sample_cupti
from ffi_spectrum.measure.device.cupti_process import SYMBOL, Recorder, from_origin, joined, translated
from ffi_spectrum.measure.device.stamps import LAUNCHES, WARM_LAUNCHES
from ffi_spectrum.results.device.stamps import Pings

CUBIN = Path("no-such.cubin")


class Kind(IntEnum):
    """Numbers of CUpti_ActivityKind (cupti_activity.h)."""

    DRIVER = 4
    CONCURRENT_KERNEL = 10


class CuptiError(Exception):
    """As cupti.cuptiError is one."""


FAKE = SimpleNamespace(ActivityKind=Kind, cuptiError=CuptiError)


def call(correlation: int, start_ns: int) -> Any:
    return SimpleNamespace(kind=4, correlation_id=correlation, start=start_ns, end=start_ns + 4_000)


def kernel(correlation: int, start_ns: int, name: str = SYMBOL) -> Any:
    return SimpleNamespace(
        kind=10, correlation_id=correlation, name=name, queued=0, submitted=0, start=start_ns, end=start_ns + 1_000
    )


def records(launches: int) -> list[Any]:
    """Launch i at 100,000 * i: its call's record, one of another call, its kernel's and one of another kernel."""
    found = []
    for i in range(1, launches + 1):
        at = 100_000 * i
        found += [
            call(10 * i, at), call(10 * i + 1, at + 50_000),
            kernel(10 * i, at + 9_000), kernel(10 * i + 1, at, "ffis_pong"),
        ]  # fmt: skip
    return found


def test_kernels_find_their_calls_in_any_order_of_records() -> None:
    recorder = Recorder(FAKE)
    everything = records(LAUNCHES + WARM_LAUNCHES)
    recorder.receive(everything[::-1][:30])
    recorder.receive(everything[::-1][30:])
    calls, kernels = joined(recorder)
    assert len(calls) == LAUNCHES
    assert [one.start_ns for one in calls] == [
        100_000 * i for i in range(WARM_LAUNCHES + 1, WARM_LAUNCHES + LAUNCHES + 1)
    ]
    assert {late.start_ns - early.start_ns for early, late in zip(calls, kernels, strict=True)} == {9_000}


@pytest.mark.parametrize("spoiled", ["lost kernel", "lost call", "no time"])
def test_a_launch_without_its_record_spoils_the_sample(spoiled: str) -> None:
    recorder = Recorder(FAKE)
    everything = records(LAUNCHES + WARM_LAUNCHES)
    if spoiled == "no time":
        everything[2].start = 0
    else:
        del everything[2 if spoiled == "lost kernel" else 0]
    recorder.receive(everything)
    with pytest.raises(MeasurementError, match="CUPTI recorded 55 of 56 launches"):
        joined(recorder)


def test_clock_readings_are_counted_from_their_origins() -> None:
    rounds = Pings([1_000, 1_100], [1_010, 1_120], [10**18 + 5, 10**18 + 105])
    assert from_origin(rounds, 1_000, 10**18) == Pings([0, 100], [10, 120], [5, 105])


@pytest.mark.parametrize("error", [CuptiError("ERROR_NOT_INITIALIZED"), RuntimeError("libcupti was not found")])
def test_what_cupti_raises_is_a_reason(error: Exception) -> None:
    with pytest.raises(Unavailable, match=f"starting CUPTI: {error}"), translated(FAKE, "starting CUPTI"):
        raise error


def test_a_missing_package_is_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cupti, "find_spec", lambda name: None)
    sample = sample_cupti(session(), CUBIN)
    assert sample.reason == MISSING
    assert sample.started_ns == []


@pytest.mark.parametrize("error", [WorkerDied("it ended with signal 11"), Unavailable("no"), MeasurementError("lost")])
def test_a_process_that_fails_is_a_reason(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def fail(*arguments: Any) -> Any:
        raise error

    monkeypatch.setattr(cupti, "find_spec", lambda name: ModuleSpec(name, None))
    monkeypatch.setattr(cupti, "run_child", fail)
    assert sample_cupti(session(), CUBIN).reason == str(error)


def test_the_real_process_answers_with_a_reason_where_it_cannot_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no such cubin, and mostly no CUPTI either: the process starts, and says so."""
    monkeypatch.setattr(cupti, "find_spec", lambda name: ModuleSpec(name, None))
    sample = sample_cupti(session(), CUBIN)
    assert "CUPTI" in sample.reason or "cupti" in sample.reason
    assert sample.started_ns == []


def session() -> Any:
    """All that is asked of a session here."""
    return SimpleNamespace(launcher=SimpleNamespace(path=Path("no-such.so")))
