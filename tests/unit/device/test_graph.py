"""A graph owns what its launches use, and a spoilt recording gives none."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator
from typing import cast

import pytest

from ffi_spectrum.device import graph as graphs
from ffi_spectrum.device.graph import Graph, Recording, record
from ffi_spectrum.device.launch import Launch
from ffi_spectrum.device.session import Session
from ffi_spectrum.errors import CaptureInvalid, DeviceError

from .fake_graphs import Array, FakeDriver, FakeSession, launch_of


@pytest.fixture
def driver(monkeypatch: pytest.MonkeyPatch) -> FakeDriver:
    made = FakeDriver()
    monkeypatch.setattr(graphs, "_driver", lambda: made)
    return made


@pytest.fixture
def session(driver: FakeDriver) -> Session:
    return cast("Session", FakeSession(driver))


def test_a_graph_replays_its_launches_in_order(driver: FakeDriver, session: Session) -> None:
    graph = record(session, [launch_of(n, Array()) for n in (3, 1, 2)])
    assert driver.replayed == []
    graph.launch()
    graph.launch()
    assert driver.replayed == [[3, 1, 2], [3, 1, 2]]
    assert [launch.function for launch in graph.launches] == [3, 1, 2]


def test_arrays_live_until_the_graph_is_closed_and_the_device_is_done(driver: FakeDriver, session: Session) -> None:
    array = Array()
    seen = weakref.ref(array)
    graph = record(session, [launch_of(1, array)])
    del array
    gc.collect()
    assert seen() is not None
    graph.close()
    graph.close()
    gc.collect()
    assert seen() is None
    assert cast("FakeSession", session).waits == 1
    assert driver.alive == driver.graphs == {}
    with pytest.raises(DeviceError, match="closed"):
        graph.launch()


def test_a_forgotten_graph_gives_back_what_it_kept(driver: FakeDriver, session: Session) -> None:
    array = Array()
    seen = weakref.ref(array)
    graph = record(session, [launch_of(1, array)])
    del array, graph
    gc.collect()
    assert seen() is None
    assert driver.alive == driver.graphs == {}


def test_a_graph_forgotten_during_a_recording_waits_for_its_end(driver: FakeDriver, session: Session) -> None:
    """To wait for the stream would spoil the recording."""
    array = Array()
    seen = weakref.ref(array)
    graph = record(session, [launch_of(1, array)])
    del array
    with Recording(session) as recording:
        del graph
        gc.collect()
        assert seen() is not None
        recording.add(launch_of(2, Array()))
    gc.collect()
    assert seen() is None
    Graph(recording).launch()
    assert driver.replayed == [[2]]


def test_an_update_takes_other_arguments_and_lets_the_old_ones_go(driver: FakeDriver, session: Session) -> None:
    array, other = Array(), Array()
    seen = weakref.ref(array)
    graph = record(session, [launch_of(1, array)])
    del array
    graph.update([launch_of(5, other)])
    gc.collect()
    assert seen() is None
    graph.launch()
    assert driver.replayed == [[5]]


def test_an_update_by_another_chain_is_refused_and_changes_nothing(driver: FakeDriver, session: Session) -> None:
    graph = record(session, [launch_of(1, Array())])
    with pytest.raises(DeviceError, match="record a new graph") as raised:
        graph.update([launch_of(1, Array()), launch_of(2, Array())])
    assert raised.value.code == 910
    graph.launch()
    assert driver.replayed == [[1]]
    assert [launch.function for launch in graph.launches] == [1]


def test_a_wait_spoils_the_recording_and_nothing_more_is_recorded(driver: FakeDriver, session: Session) -> None:
    recording = Recording(session)

    def spoil() -> None:
        with recording:
            recording.add(launch_of(1, Array()))
            session.synchronize()

    with pytest.raises(CaptureInvalid, match="cannot be recorded") as raised:
        spoil()
    assert raised.value.code == 900
    assert driver.status == 0
    with pytest.raises(CaptureInvalid, match="gives no graph"):
        Graph(recording)
    with pytest.raises(CaptureInvalid, match="nothing is being recorded"):
        recording.add(launch_of(2, Array()))
    assert len(record(session, [launch_of(3, Array())]).launches) == 1


def test_who_swallows_the_error_gets_it_again(driver: FakeDriver, session: Session) -> None:
    def swallow() -> None:
        with Recording(session) as recording:
            with pytest.raises(CaptureInvalid):
                session.synchronize()
            with pytest.raises(CaptureInvalid, match="recording kernel2"):
                recording.add(launch_of(2, Array()))
            with pytest.raises(CaptureInvalid, match="spoilt before"):
                recording.add(launch_of(3, Array()))

    with pytest.raises(CaptureInvalid, match="ending the recording"):
        swallow()
    assert driver.graphs == {}


def test_another_error_in_the_block_is_the_one_that_is_seen(driver: FakeDriver, session: Session) -> None:
    def launches() -> Iterator[Launch]:
        yield launch_of(1, Array())
        raise KeyError("mine")

    with pytest.raises(KeyError):
        record(session, launches())
    gc.collect()
    assert driver.graphs == {}
    assert driver.status == 0
