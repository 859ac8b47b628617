"""Graphs on the device: new data, other arguments, another chain."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ffi_spectrum.device.graph import record
from ffi_spectrum.device.launch import Launch
from ffi_spectrum.errors import CaptureInvalid, DeviceError

from .scene import Scene
from .seen import spin, works

SIZE, NODES = 1000, 5


def chain(scene: Scene, a: float, x: Any, y: Any) -> list[Launch]:
    """y = a * x + y, NODES times in place: small whole numbers, which float32 holds exactly."""
    objects = {"a": np.float32(a), "x": x, "y": y, "out": y, "size": np.uint32(SIZE)}
    return [scene.session.launch("ffis_saxpy", ((4, 1, 1), (256, 1, 1)), objects) for _ in range(NODES)]


def test_replays_follow_the_data_and_an_update_the_arguments(scene: Scene) -> None:
    session, rng = scene.session, np.random.default_rng(1)
    x, y = (session.to_device(np.zeros(SIZE, np.float32)) for _ in range(2))
    graph = record(session, chain(scene, 3, x, y))
    assert not session.to_host(y).any()  # recorded is not run
    for a in (3, 3, 2, -1):
        graph.update(chain(scene, a, x, y))
        new_x, new_y = (rng.integers(-9, 10, SIZE).astype(np.float32) for _ in range(2))
        x.set(new_x)
        y.set(new_y)
        session.synchronize()
        graph.launch()
        graph.launch()
        assert np.array_equal(session.to_host(y), new_y + 2 * NODES * a * new_x)
    graph.close()
    with pytest.raises(DeviceError, match="closed"):
        graph.launch()


def test_another_chain_is_no_update(scene: Scene) -> None:
    session = scene.session
    x, y = session.to_device(np.ones(SIZE, np.float32)), session.to_device(np.zeros(SIZE, np.float32))
    launches = chain(scene, 1, x, y)
    graph = record(session, launches)
    with pytest.raises(DeviceError, match="record a new graph") as raised:
        graph.update(launches[:-1])
    assert raised.value.code == 910
    graph.launch()
    assert session.to_host(y).tolist() == [NODES] * SIZE
    graph.close()
    assert works(scene)


def test_a_copy_spoils_a_recording(scene: Scene) -> None:
    word = scene.session.to_device(np.zeros(1, np.uint64))

    def launches() -> Any:
        yield spin(scene, 3, 0, word)
        scene.session.to_host(word)

    with pytest.raises(CaptureInvalid):
        record(scene.session, launches())
    assert works(scene)
