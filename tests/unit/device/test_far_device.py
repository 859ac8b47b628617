"""A device in another process, for real: what the client maps, and what becomes of a worker whose kernel fails."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ffi_spectrum.device.elsewhere import find_elsewhere
from ffi_spectrum.errors import ChannelRetired, DeadlineExceeded, DeviceLost, FarSideDied, Unavailable
from ffi_spectrum.kernels.table import KERNELS
from ffi_spectrum.kernels.workload import Workload
from ffi_spectrum.measure.loop import call_once
from ffi_spectrum.rungs.base import BoundCall
from ffi_spectrum.rungs.far_device import FarDevice
from ffi_spectrum.rungs.table import RUNGS, rung_class
from ffi_spectrum.toolchain.build import Toolchain

from ..remote.processes import is_running, waits_until
from ..rungs.opened import with_worker
from .failing_engine import ILLEGAL

pytestmark = [
    pytest.mark.skipif(bool(find_elsewhere().absence), reason=find_elsewhere().absence),
    pytest.mark.timeout(120),
]

TREE = Path(__file__).parents[3]
NAMES = [name for name in RUNGS if issubclass(rung_class(name), FarDevice)]
by_rung = pytest.mark.parametrize("name", NAMES)
# Some minutes of one thread of the device.
ENDLESS = 2**32 - 1

# Every placement of one kernel, checked; then whether the client and its worker have mapped the driver's library.
CLIENT = """
import sys
from pathlib import Path
from ffi_spectrum.kernels.table import KERNELS
from ffi_spectrum.kernels.workload import check_outputs, make_workload
from ffi_spectrum.measure.loop import call_once, outputs_of
from ffi_spectrum.rungs.table import rung_class
from ffi_spectrum.toolchain.build import Toolchain
kind = rung_class(sys.argv[1])
rung = kind(kind.build(Toolchain()))
rung.open()
for way in kind.ways(KERNELS["saxpy"]):
    workload = make_workload(KERNELS["saxpy"], 1000)
    buffers = rung.place(workload, way.placement)
    bound = rung.bind(buffers, way.form, way.variant, way.strategy, way.params)
    wrong = check_outputs(workload, outputs_of(rung, buffers, bound, call_once(bound)))
    assert not wrong, (way.id, wrong)
print(*("libcuda" in Path(f"/proc/{pid}/maps").read_text() for pid in ("self", rung.worker_pid())))
"""


@contextmanager
def opened(name: str, engine: str = FarDevice.engine) -> Iterator[FarDevice]:
    """The rung with its worker, which is ended in any case; skips where its packages are missing."""
    kind = rung_class(name)
    assert issubclass(kind, FarDevice)
    try:
        rung = kind(kind.build(Toolchain()))
    except Unavailable as absent:
        pytest.skip(absent.reason)
    rung.engine = engine  # type: ignore[misc]
    with with_worker(rung):
        yield rung


def calling(rung: FarDevice, kernel: str, **values: int) -> BoundCall:
    dims = {"steps": values.pop("steps")} if "steps" in values else {}
    buffers = rung.place(Workload(KERNELS[kernel], 0, dims, values), "none")
    return rung.bind(buffers, "prebound", rung.info.variants["prebound"][-1])


@by_rung
def test_the_client_never_maps_the_driver(name: str) -> None:
    with opened(name):  # skips where it cannot be
        pass
    done = subprocess.run([sys.executable, "-c", CLIENT, name], capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["False", "True"]


@by_rung
def test_a_kernel_that_fails_loses_the_device_for_its_worker_only(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join([str(TREE), os.environ.get("PYTHONPATH", "")]))
        with opened(name, "tests.unit.device.failing_engine") as rung:
            good = calling(rung, "add", a=40, b=2)
            assert call_once(good) == 42
            for call in (calling(rung, "add", a=ILLEGAL, b=2), good, good):
                with pytest.raises(DeviceLost, match=r"illegal address.*by the worker: open the rung again"):
                    call_once(call)
            with opened(name) as another:
                assert call_once(calling(another, "add", a=40, b=2)) == 42


@by_rung
def test_a_worker_killed_in_a_call(name: str) -> None:
    with opened(name) as rung:
        good, call = calling(rung, "add", a=40, b=2), calling(rung, "spin", seed=1, steps=ENDLESS)
        assert call_once(good) == 42
        timer = threading.Timer(0.3, os.kill, (rung.worker_pid(), signal.SIGKILL))
        timer.start()
        with pytest.raises(FarSideDied):  # which may come before the driver has let go of the process
            call_once(call)
        timer.join(1)
        with pytest.raises(ChannelRetired):
            call_once(good)
    with opened(name) as another:
        assert call_once(calling(another, "add", a=40, b=2)) == 42


@by_rung
def test_a_kernel_that_does_not_end(name: str) -> None:
    """At the deadline the worker is killed, and the kernel with it: the device is free for the next."""
    with opened(name) as rung:
        call, pid = calling(rung, "spin", seed=1, steps=ENDLESS), rung.worker_pid() or 0
        rung.deadline_s = 0.5
        started = time.monotonic()
        with pytest.raises(DeadlineExceeded):
            call_once(call)
        assert time.monotonic() - started < 10
        assert waits_until(lambda: not is_running(pid), 20)
    with opened(name) as another:
        assert call_once(calling(another, "add", a=40, b=2)) == 42
