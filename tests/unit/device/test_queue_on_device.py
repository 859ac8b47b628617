"""Graphs from C and Python, dependent launches and the launch queue on a device. Skipped where there is none."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ffi_spectrum.analysis.device.durations import duration_rows
from ffi_spectrum.analysis.device.queue import queue_points
from ffi_spectrum.device.probe import absence, architecture
from ffi_spectrum.device.session import Session, open_session
from ffi_spectrum.measure.device.durations import PATHS, has_dependent_launch, sample_durations
from ffi_spectrum.measure.device.graph_launches import sample_graph_launches
from ffi_spectrum.measure.device.queue import sample_queue
from ffi_spectrum.results.device.sample import DeviceSample
from ffi_spectrum.rungs.launch_rung import LaunchRung
from ffi_spectrum.rungs.table import rung_class
from ffi_spectrum.toolchain.build import Toolchain
from ffi_spectrum.toolchain.cubin import cubin
from ffi_spectrum.toolchain.launcher import launcher_library

pytestmark = pytest.mark.skipif(bool(absence()), reason=absence())


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    toolchain = Toolchain()
    opened = open_session(cubin(toolchain, architecture()).path, launcher_library(toolchain).path)
    yield opened
    opened.synchronize()


@pytest.fixture(scope="module")
def paths() -> dict[str, LaunchRung]:
    found = {}
    for name in PATHS:
        kind = rung_class(name)
        rung = kind(kind.build(Toolchain()))
        assert isinstance(rung, LaunchRung)
        rung.open()
        found[name] = rung
    return found


def test_launches_of_a_graph_from_everywhere_do_what_the_oracle_says(session: Session) -> None:
    for row in sample_graph_launches(session):
        assert row.wrong == 0
        assert all(ns > 0 for blocks in row.blocks_ns.values() for ns in blocks)


def test_dependent_kernels_wait_and_hide_more_than_a_plain_graph(
    session: Session, paths: dict[str, LaunchRung]
) -> None:
    durations = sample_durations(session, paths)
    assert sum(one.overlaps for one in durations) == 0
    for one in durations:
        assert min(one.own_ns) >= one.duration_ns
        assert bool(one.dependent_ns) == has_dependent_launch(architecture())
    ten = next(row for row in duration_rows([DeviceSample(0, 0, durations=durations)]) if row.duration_ns == 10_000)
    assert 0 < ten.row_hidden < ten.graph_hidden
    assert all(hidden > ten.graph_hidden for hidden in ten.dependent_hidden.values())


def test_the_queue_runs_dry_with_short_kernels_and_fills_up_behind_a_long_one(
    session: Session, paths: dict[str, LaunchRung]
) -> None:
    points = queue_points([DeviceSample(0, 0, queue=sample_queue(session, paths))])
    assert points.wrong == 0
    for point in points.dry:
        shortest, longest = point.idle[0], point.idle[-1]
        assert shortest.share > longest.share
        assert longest.share - longest.queued_share < 0.1
    for full in points.full:
        assert full.launches is not None, full.path
        assert 100 < full.launches < 2_048
