"""No driver, one that is too old, one that sees nothing: the device's cases have the reason, all others figures."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ffi_spectrum.toolchain.build import Toolchain

from .fake_libcuda import build_fake
from .scene import bench

_SAY = "from ffi_spectrum.device.probe import absence; print(absence())"


def reason_with(folder: Path) -> str:
    """What a process says that finds the libcuda of this folder first."""
    done = subprocess.run(
        [sys.executable, "-c", _SAY], capture_output=True, text=True, timeout=60,
        env=os.environ | {"LD_LIBRARY_PATH": str(folder)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ({"starts": 100}, "the driver sees none"),
        ({"starts": 803}, "cuInit says 803: libcuda and the kernel's module are of different versions"),
        ({"starts": 999}, "the driver does not start (cuInit says 999)"),
        ({"version": 12040}, "the driver is for CUDA 12.4, 13.0 is needed"),
        ({"devices": 0}, "the driver sees none"),
    ],
)
def test_the_reason_is_the_driver_s_own(tmp_path: Path, answers: dict[str, int], said: str) -> None:
    assert said in reason_with(build_fake(tmp_path, Toolchain(), **answers))


@pytest.mark.parametrize("devices", [1, 2])
def test_one_visible_device_is_enough(tmp_path: Path, devices: int) -> None:
    """What may still be missing are packages."""
    reason = reason_with(build_fake(tmp_path, Toolchain(), devices=devices))
    assert "driver" not in reason
    assert reason == "" or "is not installed: `pip install" in reason


def test_a_run_goes_on_without_the_device(tmp_path: Path) -> None:
    folder = build_fake(tmp_path / "old", Toolchain(), version=12040)
    results = bench(tmp_path / "run", ("cuda_loop", "cupy_raw", "python"), LD_LIBRARY_PATH=str(folder))
    reasons = {record.case.rung: (record.status, record.reason) for record in results.cases}
    too_old = ("unavailable", "no usable CUDA device: the driver is for CUDA 12.4, 13.0 is needed")
    assert reasons == {"cuda_loop": too_old, "cupy_raw": too_old}
    assert {row.case.rung for record in results.processes for row in record.cases} == {"floor", "python"}
    assert len(results.processes) == 2
