"""The launch queue's samples on a device that is this process: spans are counted, and never beyond their room."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping
from typing import Any, cast

import pytest

from ffi_spectrum.device.launch import Launch
from ffi_spectrum.device.session import Session
from ffi_spectrum.measure.device import queue
from ffi_spectrum.measure.device.queue import FILL_LAUNCHES, ROW_LAUNCHES, ROWS, sample_queue
from ffi_spectrum.rungs.cuda_loop import CudaLoop
from ffi_spectrum.rungs.launch_rung import LaunchRung
from tests.unit.fake_device import FakeSession

ROOM = 1 + 2 * FILL_LAUNCHES
GAP_NS, SHORTEST_NS = 1_000, 700


class SpanSession(FakeSession):
    """Runs ffis_span on a clock of its own, at once; every `lost`th launch of it does nothing (0: none)."""

    def __init__(self, lost: int = 0) -> None:
        super().__init__(self._run)
        self.is_span: dict[int, bool] = {}
        self.beyond = self.launches = self.clock = 0
        self._every = lost

    def launch(self, symbol: str, extents: Any, objects: Mapping[str, Any]) -> Launch:
        launch = super().launch(symbol, extents, objects)
        self.is_span[launch.parameters] = symbol == "ffis_span"
        return launch

    def _run(self, parameters: int) -> int:
        if not self.is_span[parameters]:
            return 0
        self.launches += 1
        if self._every and self.launches % self._every == 0:
            return 0
        addresses = (ctypes.c_void_p * 2).from_address(parameters)
        duration_ns = ctypes.c_uint64.from_address(addresses[0] or 0).value
        words = (ctypes.c_uint64 * ROOM).from_address(ctypes.c_uint64.from_address(addresses[1] or 0).value)
        pair = words[0]
        words[0] += 1
        if 2 * pair + 2 >= ROOM:
            self.beyond += 1
            return 700
        words[1 + 2 * pair] = self.clock = self.clock + GAP_NS
        words[2 + 2 * pair] = self.clock = self.clock + max(duration_ns, SHORTEST_NS)
        return 0


@pytest.fixture(autouse=True)
def _few_lengths(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "DURATIONS_NS", (0, 5_000))


def paths(session: SpanSession) -> dict[str, LaunchRung]:
    found: dict[str, LaunchRung] = {}
    for name in ("cuda_loop", "cuda_core", "other"):
        rung = CudaLoop({})
        rung.session = cast("Session", session)
        found[name] = rung
    return found


def test_every_kernel_that_ran_is_in_its_own_row() -> None:
    session = SpanSession()
    found = sample_queue(cast("Session", session), paths(session))
    assert set(found.rows) == set(found.fills) == {"cuda_loop", "cuda_core"}
    assert (found.wrong, session.beyond) == (0, 0)
    for rows in (*found.queued, *(rows for path in found.rows.values() for rows in path)):
        own = max(rows.duration_ns, SHORTEST_NS)
        assert rows.busy_ns == [ROW_LAUNCHES * own] * ROWS
        assert rows.span_ns == [ROW_LAUNCHES * own + (ROW_LAUNCHES - 1) * GAP_NS] * ROWS
        assert min(rows.issued_ns) > 0
    assert session.log.count("hold") == session.log.count("release") == ROWS * len(found.queued)


def test_kernels_that_did_not_run_are_noticed() -> None:
    session = SpanSession(lost=100)
    found = sample_queue(cast("Session", session), paths(session))
    assert found.wrong == ROWS * (len(found.queued) + sum(map(len, found.rows.values()))) + len(found.fills)
