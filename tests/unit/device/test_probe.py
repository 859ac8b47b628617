"""One reason where there is no device, and the driver's errors by name."""

from __future__ import annotations

import ctypes
from typing import Any, cast

import pytest

from ffi_spectrum.device.errors import check, error_for
from ffi_spectrum.device.probe import driver_absence
from ffi_spectrum.errors import DeviceError, DeviceLost, DeviceMemoryExhausted
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
        (Driver(start=100), "cuInit says 100"),
        (Driver(version=12040), "the driver is for CUDA 12.4, 13.0 is needed"),
        (Driver(devices=0), "the driver sees none"),
        (Driver(), ""),
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
    check(0, "nothing")
    with pytest.raises(DeviceError, match="launching: the driver says error 1"):
        check(1, "launching")


@pytest.mark.parametrize("name", PATHS)
def test_a_path_says_why_it_has_no_such_kernel(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ffi_spectrum.rungs.device_rung.absence", lambda: "")
    assert rung_class(name).missing(KERNELS["crc32"], 8)
    assert rung_class(name).missing(KERNELS["saxpy"], 8) == ""
    monkeypatch.setattr("ffi_spectrum.rungs.device_rung.absence", lambda: "no device")
    assert rung_class(name).missing(KERNELS["saxpy"], 8) == "no device"
