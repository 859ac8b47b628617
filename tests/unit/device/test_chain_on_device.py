"""Dense layers on a device: right by every way, and cheaper where less crosses. Skipped where there is none."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ffi_spectrum.device.probe import absence
from ffi_spectrum.measure.device import chain, resident
from ffi_spectrum.rungs.cupy_raw import CupyRaw
from ffi_spectrum.toolchain.build import Toolchain

pytestmark = pytest.mark.skipif(bool(absence()), reason=absence())


@pytest.fixture(scope="module")
def rung() -> Iterator[CupyRaw]:
    opened = CupyRaw(CupyRaw.build(Toolchain()))
    opened.open()
    yield opened
    opened.close()


def test_every_way_is_right_and_fewer_launches_are_cheaper(rung: CupyRaw, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chain, "LAYERS", (3, 30))
    times = chain.sample_times(rung.session, {"cupy_raw": rung})
    assert [one for one in times if one.wrong] == []
    best = {(one.path, one.kernels, one.strategy): min(one.elapsed_ns) for one in times if one.layers == 30}
    for path in ("cupy_raw", "c"):
        assert best[path, "fused", "pipelined"] < best[path, "three", "pipelined"] < best[path, "three", "per_call"]
    assert best["graph", "three", "replayed"] < best["cupy_raw", "three", "pipelined"]
    assert best["graph", "fused", "replayed"] < best["graph", "three", "replayed"]
    assert {kernels for _, kernels, _ in best} >= {"three", "fused", "fused, copies"}


def test_a_layer_takes_the_host_less_from_c(rung: CupyRaw) -> None:
    parts = chain.sample_parts(rung.session, {"cupy_raw": rung})
    best = {(part.path, part.kernels): min(part.held_ns) for part in parts}
    assert best["c", "three"] < best["cupy_raw", "three"]
    assert best["c", "fused"] < best["c", "three"]


def test_calls_are_right_wherever_their_arrays_are(rung: CupyRaw, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resident, "SIDES", (32, 256))
    placed = resident.sample_placed(rung.session, {"cupy_raw": rung})
    assert [one for one in placed if one.wrong] == []
    best = {(one.kernel, one.nbytes, one.placement): min(one.elapsed_ns) for one in placed}
    for kernel in ("saxpy", "dense_relu"):
        assert best[kernel, 262144, "resident"] < best[kernel, 262144, "pinned"]
