"""Whether this machine can run the device's rungs, and the one reason where it cannot."""

from __future__ import annotations

import ctypes
from functools import cache
from importlib.util import find_spec

LIBRARY = "libcuda.so.1"
PACKAGES = {"cupy": "cupy-cuda13x", "cuda.bindings": "cuda-bindings", "cuda.core": "cuda-core"}
# The first driver that runs what CUDA 13 compiles (CUDA Toolkit 13.0 release notes, table 3).
MIN_DRIVER = 13000
_NONE_SEEN = "no CUDA device: the driver sees none (is CUDA_VISIBLE_DEVICES empty?)"
_NO_DEVICE = 100  # CUDA_ERROR_NO_DEVICE
_START = {
    34: ": this is the toolkit's stub, not a driver",
    802: ": it is not ready yet; on a machine with NVSwitch, is the fabric manager running?",
    803: ": libcuda and the kernel's module are of different versions; was the driver updated without a restart?",
}
_COMPUTE_CAPABILITY = (75, 76)  # CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR and _MINOR


@cache
def absence() -> str:
    """Why nothing can run on a device here, "" where it can; no context is made."""
    try:
        driver = ctypes.CDLL(LIBRARY)
    except OSError:
        return f"no CUDA device: the NVIDIA driver ({LIBRARY}) is not installed"
    return driver_absence(driver) or package_absence()


def driver_absence(driver: ctypes.CDLL) -> str:
    """Why this driver offers no device ("" where it does)."""
    version, count = ctypes.c_int(0), ctypes.c_int(0)
    error = driver.cuInit(0)
    if error == _NO_DEVICE:
        return _NONE_SEEN
    if error != 0:
        return f"no CUDA device: the driver does not start (cuInit says {error}{_START.get(error, '')})"
    driver.cuDriverGetVersion(ctypes.byref(version))
    if version.value < MIN_DRIVER:
        return (
            f"no usable CUDA device: the driver is for CUDA {_dotted(version.value)}, {_dotted(MIN_DRIVER)} is needed"
        )
    error = driver.cuDeviceGetCount(ctypes.byref(count))
    if error != 0 or count.value == 0:
        return _NONE_SEEN
    return ""


def package_absence() -> str:
    """Which Python package of the extra `gpu` is missing, with the command that installs it."""
    for module, package in PACKAGES.items():
        try:
            found = find_spec(module)
        except ModuleNotFoundError:
            found = None
        if found is None:
            return f"no CUDA device is used: {package} is not installed: `pip install 'ffi-spectrum[gpu]'`"
    return ""


@cache
def architecture() -> str:
    """The first device's architecture as NVRTC names it, such as "sm_90"; needs a device."""
    driver = ctypes.CDLL(LIBRARY)
    driver.cuInit(0)
    device, digits = ctypes.c_int(0), []
    driver.cuDeviceGet(ctypes.byref(device), 0)
    for attribute in _COMPUTE_CAPABILITY:
        value = ctypes.c_int(0)
        driver.cuDeviceGetAttribute(ctypes.byref(value), attribute, device)
        digits.append(str(value.value))
    return f"sm_{''.join(digits)}"


def _dotted(version: int) -> str:
    return f"{version // 1000}.{version % 1000 // 10}"
