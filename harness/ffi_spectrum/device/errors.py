"""What the driver and CuPy raise, as errors of ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ffi_spectrum.errors import DeviceError, DeviceLost, DeviceMemoryExhausted

OUT_OF_MEMORY = 2  # CUDA_ERROR_OUT_OF_MEMORY and cudaErrorMemoryAllocation
# After these the context is unusable (CUDA Driver API, CUresult: "... must be terminated and relaunched").
_LOST = {
    700: "an illegal address",
    714: "a hardware stack error",
    715: "an illegal instruction",
    716: "a misaligned address",
    717: "an invalid address space",
    718: "an invalid program counter",
    719: "an exception in a kernel",
}


def error_for(code: int, doing: str) -> DeviceError:
    """The error for a CUresult or cudaError that is not 0: for what is used here their numbers agree."""
    if code == OUT_OF_MEMORY:
        return DeviceMemoryExhausted(
            f"{doing}: no memory is left on the device; free arrays, or use smaller ones", code
        )
    if code in _LOST:
        return DeviceLost(f"{doing}: {_LOST[code]} in a kernel; the device can no longer be used by this process", code)
    return DeviceError(f"{doing}: the driver says error {code}", code)


def check(code: int, doing: str) -> None:
    """Raise the error for `code` unless it is 0."""
    if code != 0:
        raise error_for(code, doing)


@contextmanager
def translated(doing: str) -> Iterator[None]:
    """Turn CuPy's errors into ours."""
    from cupy.cuda import driver, runtime
    from cupy.cuda.memory import OutOfMemoryError

    try:
        yield
    except OutOfMemoryError as error:
        raise error_for(OUT_OF_MEMORY, doing) from error
    except (driver.CUDADriverError, runtime.CUDARuntimeError) as error:
        raise error_for(int(error.status), doing) from error
