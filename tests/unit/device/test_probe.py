"""One reason where there is no device, and the driver's errors by name."""

from __future__ import annotations

import ctypes
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from ffi_spectrum.device.errors import check, error_for, translated
from ffi_spectrum.device.launch import check_device
from ffi_spectrum.device.probe import driver_absence
from ffi_spectrum.errors import CaptureInvalid, DeviceError, DeviceLost, DeviceMemoryExhausted, WrongDevice
from ffi_spectrum.kernels.table import KERNELS
from ffi_spectrum.rungs.table import RUNGS, rung_class

PATHS = [name for name in RUNGS if rung_class(name).info.panel_group == "device"]


class Driver:
    """libcuda with the answers that a machine would give."""

    def __init__(self, start: int = 0, version: int = 13000, devices: int = 1) -> None:
        self._start, self._version, self._devices = start, version, devices

    def cuInit(self, flags: int) -> int:  # noqa: N802 - the driver's own name
        return self._start

    def cuDriverGetVersion(self, version: Any) -> int:  # noqa: N802
        version._obj.value = self._version
        return 0

    def cuDeviceGetCount(self, count: Any) -> int:  # noqa: N802
        count._obj.value = self._devices
        return 0


@pytest.mark.parametrize(
    ("driver", "said"),
    [
        (Driver(start=100), "the driver sees none"),
        (Driver(start=999), "cuInit says 999"),
        (Driver(start=803), "libcuda and the kernel's module are of different versions"),
        (Driver(version=12040), "the driver is for CUDA 12.4, 13.0 is needed"),
        (Driver(devices=0), "the driver sees none"),
        (Driver(), ""),
        (Driver(devices=2), ""),
    ],
)
def test_the_reason_names_what_is_missing(driver: Driver, said: str) -> None:
    reason = driver_absence(cast("ctypes.CDLL", driver))
    assert said in reason
    assert bool(reason) == bool(said)


def test_errors_have_the_type_that_says_what_is_left() -> None:
    assert type(error_for(2, "copying")) is DeviceMemoryExhausted
    assert type(error_for(700, "waiting")) is DeviceLost
    assert type(error_for(1, "launching")) is DeviceError
    assert error_for(700, "waiting").code == 700
    assert type(error_for(900, "waiting")) is type(error_for(901, "launching")) is CaptureInvalid
    check(0, "nothing")
    with pytest.raises(DeviceError, match="launching: the driver says error 1"):
        check(1, "launching")


class Status(RuntimeError):
    """CuPy's error of the CUDA runtime."""

    def __init__(self, status: int) -> None:
        super().__init__(f"cudaError{status}")
        self.status = status


class Exhausted(MemoryError):
    """CuPy's OutOfMemoryError."""


Status.__module__, Exhausted.__module__ = "cupy_backends.cuda.api.runtime", "cupy.cuda.memory"


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (Status(700), DeviceLost),
        (Status(2), DeviceMemoryExhausted),
        (Status(901), CaptureInvalid),
        (Exhausted(), DeviceMemoryExhausted),
        (RuntimeError("the current stream is capturing, so synchronous API calls are disallowed"), CaptureInvalid),
    ],
)
def test_errors_of_cupy_become_ours(error: Exception, kind: type[DeviceError]) -> None:
    with pytest.raises(kind, match="copying: ") as raised, translated("copying"):
        raise error
    assert raised.value.__cause__ is error


@pytest.mark.parametrize("error", [RuntimeError("mine"), MemoryError(), ValueError("mine")])
def test_errors_of_others_stay_what_they_are(error: Exception) -> None:
    with pytest.raises(type(error)) as raised, translated("copying"):
        raise error
    assert raised.value is error


class On:
    """An array of CuPy on a device."""

    def __init__(self, device: int) -> None:
        self.device = SimpleNamespace(id=device)


def test_an_array_of_another_device_is_refused() -> None:
    check_device({"x": On(0), "pinned": np.zeros(3), "size": np.uint32(3)}, 0)
    with pytest.raises(WrongDevice, match="y is an array of device 1, and device 0 is in use"):
        check_device({"x": On(0), "y": On(1)}, 0)


@pytest.mark.parametrize("name", PATHS)
def test_a_path_says_why_it_has_no_such_kernel(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ffi_spectrum.rungs.device_rung.absence", lambda: "")
    assert rung_class(name).missing(KERNELS["crc32"], 8)
    assert rung_class(name).missing(KERNELS["saxpy"], 8) == ""
    monkeypatch.setattr("ffi_spectrum.rungs.device_rung.absence", lambda: "no device")
    assert rung_class(name).missing(KERNELS["saxpy"], 8) == "no device"
