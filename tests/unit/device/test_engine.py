"""The engine's own calls of the driver, by a library with the driver's names that works on the host."""

from __future__ import annotations

import hashlib
import mmap
from pathlib import Path

import numpy as np
import pytest

from ffi_spectrum.device.engine import Engine
from ffi_spectrum.device.probe import LIBRARY
from ffi_spectrum.errors import DeviceError, DeviceLost, DeviceMemoryExhausted
from ffi_spectrum.kernels.table import KERNELS
from ffi_spectrum.kernels.workload import check_outputs, make_workload
from ffi_spectrum.measure.loop import call_once
from ffi_spectrum.rungs.device_uds import DeviceUds
from ffi_spectrum.toolchain.artifact import Artifact
from ffi_spectrum.toolchain.build import Toolchain
from ffi_spectrum.toolchain.launcher import launcher_library

from ..rungs.device_rungs import OnHost
from ..rungs.test_far_device import adding

TOOLCHAIN = Toolchain()
CUBIN = b"cubin"
ADD, SAXPY = KERNELS["add"], KERNELS["saxpy"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the driver is, and what it takes for a cubin."""
    folder = tmp_path_factory.mktemp("driver")
    source, driver = Path(__file__).with_name("host_libcuda.c"), folder / LIBRARY
    flags = TOOLCHAIN.compiler.flags(TOOLCHAIN.target, "timed")
    TOOLCHAIN.compiler.run([*flags, "-shared", str(source), "-o", str(driver)], TOOLCHAIN.cache.zig)
    (folder / "ffis.cubin").write_bytes(CUBIN)
    return folder


@pytest.fixture
def engine(folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Engine:
    own = tmp_path / LIBRARY  # a file of its own is loaded anew, and has failed in nothing yet
    own.write_bytes((folder / LIBRARY).read_bytes())
    monkeypatch.setattr("ffi_spectrum.device.engine.LIBRARY", str(own))
    return Engine(folder / "ffis.cubin", launcher_library(TOOLCHAIN).path)


def test_launches_and_copies(engine: Engine) -> None:
    memory = mmap.mmap(-1, 2**20)
    host = np.frombuffer(memory, np.float32)
    at, on_device = engine.pin(host.ctypes.data, host.nbytes), engine.allocate(2**20)
    x, y, out = 0, 2**16, 2**17
    host[: 2**12] = np.arange(2**12)
    host[y // 4 : y // 4 + 1000] = 0.5
    engine.copy(on_device, at, 2**17)
    objects = {
        "a": np.float32(2), "x": np.uint64(on_device + x), "y": np.uint64(on_device + y), "out": np.uint64(at + out),
        "size": np.uint32(1000),
    }  # fmt: skip
    engine.launch(engine.ready(SAXPY, {"size": 1000}, objects), 2)
    engine.wait()
    np.testing.assert_array_equal(host[out // 4 : out // 4 + 1001], [*(2 * np.arange(1000) + 0.5), 0])


def adds(engine: Engine, a: int, b: int, result: int, times: int) -> None:
    objects = {"a": np.int64(a), "b": np.int64(b), "result": np.uint64(result)}
    engine.launch(engine.ready(ADD, {}, objects), times)
    engine.wait()


def test_results_and_counts(engine: Engine) -> None:
    word = np.zeros(1, np.int64)
    adds(engine, -(2**62), 2**61, word.ctypes.data, 0)
    assert (word[0], engine.count(ADD)) == (0, 0)
    adds(engine, -(2**62), 2**61, word.ctypes.data, 1000)
    assert (word[0], engine.count(ADD)) == (-(2**61), 1000)
    assert engine.count(SAXPY) is None


def test_errors_have_their_types(engine: Engine) -> None:
    with pytest.raises(DeviceMemoryExhausted, match="cuMemAlloc_v2"):
        engine.allocate(2**41)
    with pytest.raises(DeviceError, match="cuModuleGetFunction: the driver says error 500"):
        engine.ready(KERNELS["noop"], {}, {})
    for _ in range(2):
        with pytest.raises(DeviceLost, match="an illegal address"):
            adds(engine, 1, 2, 64, 1)


class OnDriver(OnHost, DeviceUds):
    """A rung with the real engine, on that driver."""

    engine = "ffi_spectrum.device.engine"


def test_a_worker_with_this_engine(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LD_LIBRARY_PATH", str(folder))
    library = Artifact(folder / "ffis.cubin", {"sha256": hashlib.sha256(CUBIN).hexdigest()})
    rung = OnDriver({**OnDriver.build(TOOLCHAIN), "library": library})
    rung.open()
    assert call_once(adding(rung, "memfd", 40)) == 42
    assert LIBRARY in Path(f"/proc/{rung.worker_pid()}/maps").read_text()
    buffers = rung.place(make_workload(SAXPY, 1000), "device")
    call_once(rung.bind(buffers, "prebound", "memfd"))
    assert check_outputs(buffers.workload, rung.fetch(buffers)) == ""
    rung.close()
