"""Launch latency by every method on a real device: what the samples may not contradict. Skipped where there is none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

import pytest

from ffi_spectrum.analysis.device.cupti import CALL, CUPTI, START, drain_fit, launch_methods
from ffi_spectrum.device.probe import absence, architecture
from ffi_spectrum.device.session import Session, open_session
from ffi_spectrum.measure.device.cupti import MISSING, sample_cupti
from ffi_spectrum.measure.device.drains import sample_drains
from ffi_spectrum.measure.device.stamps import LAUNCHES, from_origins, ping_device, stamp_in_c, synchronise_in_c
from ffi_spectrum.results.device.cupti import CuptiSample
from ffi_spectrum.toolchain.artifact import Artifact
from ffi_spectrum.toolchain.build import Toolchain
from ffi_spectrum.toolchain.cubin import cubin
from ffi_spectrum.toolchain.launcher import launcher_library

pytestmark = pytest.mark.skipif(bool(absence()), reason=absence())


@pytest.fixture(scope="module")
def kernels() -> Artifact:
    return cubin(Toolchain(), architecture())


@pytest.fixture
def session(kernels: Artifact) -> Iterator[Session]:
    opened = open_session(kernels.path, launcher_library(Toolchain()).path)
    yield opened
    opened.synchronize()


@pytest.fixture(scope="module")
def traced(kernels: Artifact) -> CuptiSample:
    sample = sample_cupti(open_session(kernels.path, launcher_library(Toolchain()).path), kernels.path)
    if sample.reason == MISSING:
        pytest.skip(MISSING)
    assert sample.reason == ""
    return sample


def test_more_launches_take_the_device_longer(session: Session) -> None:
    drains = sample_drains(session)
    assert all(min(fewer.elapsed_ns) < min(more.elapsed_ns) for fewer, more in pairwise(drains))
    fit = drain_fit(drains)
    assert fit is not None
    assert fit.per_launch_ns > 0


def test_a_wait_ends_behind_its_launch(session: Session) -> None:
    waits = synchronise_in_c(session)
    assert len(waits.done_ns) == LAUNCHES
    assert all(0 < early < late for early, late in zip(waits.returned_ns, waits.done_ns, strict=True))


def test_cupti_s_times_are_in_order(traced: CuptiSample) -> None:
    assert len(traced.started_ns) == LAUNCHES
    for called, returned, started, ended in zip(
        traced.api_start_ns, traced.api_end_ns, traced.started_ns, traced.ended_ns, strict=True
    ):
        assert called < returned
        assert called < started < ended
    for early, late in pairwise(zip(traced.api_start_ns, traced.ended_ns, strict=True)):
        assert early[1] < late[0], "the next launch was made before the device was idle"


def test_cupti_and_the_stamps_see_the_same_starts(session: Session, traced: CuptiSample) -> None:
    """On one time line, within what both clocks are known, and two microseconds for what starts a kernel."""
    pings = [ping_device(session)]
    stamps = stamp_in_c(session)
    pings.append(ping_device(session))
    methods = launch_methods([replace(from_origins({"c": stamps}, pings), cupti=traced)])
    assert methods is not None
    assert methods.apart_ns is not None
    assert methods.cupti_error_ns is not None
    assert abs(methods.apart_ns) < methods.clock_error_ns + methods.cupti_error_ns + 2_000
    assert any((row.method, row.begin, row.end) == (CUPTI, CALL, START) for row in methods.rows)
