"""Whatever becomes of the other process, a call ends in a typed error, and in time; the caller's program goes on."""

from __future__ import annotations

import gc
import signal
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from ffi_spectrum.errors import ProtocolError, Unavailable
from ffi_spectrum.kernels.table import KERNELS
from ffi_spectrum.kernels.workload import make_workload
from ffi_spectrum.measure.loop import call_once
from ffi_spectrum.rungs.far_rung import FarRung
from ffi_spectrum.rungs.table import rung_class
from ffi_spectrum.toolchain.build import Toolchain

from ..unit.remote.processes import belongings, is_running, waits_until
from .interposer import SILENT, build_interposer
from .remote_faults import ENDED, FAULTS, REMOTE, Opened, client_of, open_misled, provoke

# A dead worker is noticed within 100 ms (docs/faults.md has the times); a busy machine gets more.
SOON_S = 2.0
Open = Callable[[], FarRung[Any]]


def variants() -> list[Any]:
    return [
        pytest.param(name, variant, id=f"{name}.{variant}" if variant else name)
        for name in REMOTE
        for variant in rung_class(name).info.variants.get("prebound", ("",))
    ]


def kind_of(name: str) -> type[FarRung[Any]]:
    kind = rung_class(name)
    if not issubclass(kind, FarRung):
        pytest.skip(f"{name} is unavailable: {kind.info.needs}")
    return kind


@pytest.fixture(scope="module")
def interposer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_interposer(tmp_path_factory.mktemp("interposer"), Toolchain())


def opener(name: str, interposer: Path, monkeypatch: pytest.MonkeyPatch) -> Open:
    """Opens the rung with a worker in which ffis_add misbehaves on demand."""
    kind = kind_of(name)
    try:
        artifacts = kind.build(Toolchain())
    except Unavailable as absent:
        pytest.skip(absent.reason)

    def open_rung() -> FarRung[Any]:
        rung = kind(artifacts)
        with monkeypatch.context() as patch:
            patch.setenv("LD_PRELOAD", str(interposer))
            rung.open()
        return rung

    return open_rung


@pytest.fixture
def opened(name: str, variant: str, interposer: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Opened]:
    open_rung = opener(name, interposer, monkeypatch)
    found = Opened(open_rung(), variant, open_rung)
    yield found
    found.rung.close()


@pytest.mark.timeout(60)
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize(("name", "variant"), variants())
def test_fault(fault: str, opened: Opened) -> None:
    row = provoke(fault, opened)
    assert row.error == ("FarSideDied" if fault in ENDED else "DeadlineExceeded"), row
    assert row.seconds < FAULTS[fault][1] + SOON_S if fault not in ENDED else row.seconds < SOON_S, row
    assert row.is_retired, row
    assert row.is_reopened, row


@pytest.mark.timeout(60)
@pytest.mark.parametrize("name", REMOTE)
def test_another_library_is_refused_and_the_worker_is_gone(
    name: str, interposer: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {child.pid for child in psutil.Process().children()}
    opener(name, interposer, monkeypatch)
    kind = kind_of(name)
    with pytest.raises(ProtocolError, match="kernel library"):
        open_misled(kind, kind.build(Toolchain()))
    assert {child.pid for child in psutil.Process().children()} <= before


@pytest.mark.timeout(60)
@pytest.mark.parametrize("name", REMOTE)
def test_a_worker_that_is_silent_at_its_start_is_given_up(
    name: str, interposer: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {child.pid for child in psutil.Process().children()}
    open_rung = opener(name, interposer, monkeypatch)
    monkeypatch.setenv(SILENT, "1")
    with pytest.raises(ProtocolError, match="silent"):
        open_rung()
    assert {child.pid for child in psutil.Process().children()} <= before


@pytest.mark.timeout(60)
@pytest.mark.parametrize("name", REMOTE)
def test_a_killed_client_leaves_no_worker(name: str) -> None:
    kind = kind_of(name)
    try:
        kind.build(Toolchain())
    except Unavailable as absent:
        pytest.skip(absent.reason)
    client, worker = client_of(name)
    with client:
        assert is_running(worker)
        client.send_signal(signal.SIGKILL)
        client.wait(10)
    assert waits_until(lambda: not is_running(worker), SOON_S)


@pytest.mark.timeout(120)
@pytest.mark.parametrize("name", REMOTE)
def test_a_hundred_cycles_leave_nothing(
    name: str, interposer: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither a descriptor, a process, shared memory nor a temporary file."""
    open_rung = opener(name, interposer, monkeypatch)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def cycle() -> None:
        rung = open_rung()
        assert rung.count(KERNELS["add"]) is None
        buffers = rung.place(make_workload(KERNELS["relu"], 7), "host")
        for variant in rung.info.variants.get("prebound", ("",)):
            call_once(rung.bind(buffers, "prebound", variant))
        rung.close()
        rung.close()

    cycle()  # what is made once
    gc.collect()
    before, threads = belongings(), psutil.Process().num_threads()
    for _ in range(100):
        cycle()
    gc.collect()
    assert belongings() == before
    assert list(tmp_path.iterdir()) == []
    assert psutil.Process().num_threads() < threads + 5  # some of gRPC's take a moment to end


def test_the_page_names_every_fault_way_and_error() -> None:
    """docs/faults.md is of these faults and rungs; make_fault_table.py writes it again."""
    page = (Path(__file__).parents[2] / "docs" / "faults.md").read_text()
    for fault in FAULTS:
        error = "FarSideDied" if fault in ENDED else "DeadlineExceeded"
        assert f"| {fault} | `{error}` |" in page
    for name, variant in (param.values for param in variants()):
        assert f"| `{name}.{variant}` |" in page if variant else f"| `{name}` |" in page
