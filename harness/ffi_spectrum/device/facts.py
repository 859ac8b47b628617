"""What a reader must know of a device to compare with another run."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from ffi_spectrum.device.probe import PACKAGES
from ffi_spectrum.device.session import Session

_DRIVER = Path("/proc/driver/nvidia/version")


def facts_of(session: Session) -> dict[str, Any]:
    """Name, memory and processors of the device, versions of the driver and of the packages that were used."""
    runtime = session.cupy.cuda.runtime
    properties = runtime.getDeviceProperties(0)
    return {
        "name": properties["name"].decode(),
        "nbytes": int(properties["totalGlobalMem"]),
        "multiprocessors": int(properties["multiProcessorCount"]),
        "driver": _kernel_driver(),
        "driver_cuda": runtime.driverGetVersion(),
        "runtime_cuda": runtime.runtimeGetVersion(),
        "packages": {package: _version(package) for package in PACKAGES.values()},
    }


def _kernel_driver() -> str:
    """The version of the kernel's driver, "" where the system does not say."""
    try:
        words = _DRIVER.read_text().splitlines()[0].split()
    except (OSError, IndexError):
        return ""
    return next((word for word in words if word[0].isdigit() and "." in word), "")


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
