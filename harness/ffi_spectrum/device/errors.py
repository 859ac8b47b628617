"""What the driver and CuPy raise, as errors of ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ffi_spectrum.errors import CaptureInvalid, DeviceError, DeviceLost, DeviceMemoryExhausted

OUT_OF_MEMORY = 2  # CUDA_ERROR_OUT_OF_MEMORY and cudaErrorMemoryAllocation
_UNKNOWN = 999  # CUDA_ERROR_UNKNOWN
# After these the context is unusable (CUDA Driver API, CUresult: "... must be terminated and relaunched").
_LOST = {
    700: "an illegal address",
    702: "more time than the system allows",
    710: "a failed assertion",
    714: "a hardware stack error",
    715: "an illegal instruction",
    716: "a misaligned address",
    717: "an invalid address space",
    718: "an invalid program counter",
    719: "an exception",
}
# CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED to CUDA_ERROR_STREAM_CAPTURE_WRONG_THREAD
_CAPTURE = range(900, 909)
_SAID = {
    1: "an invalid value",
    46: "the device is in use by another process, which has it for itself",
    701: "more threads, registers or shared memory than the device has",
    910: "the change is more than other arguments, grids and blocks: record a new graph",
}


def error_for(code: int, doing: str, user: str = "this process") -> DeviceError:
    """The error for a CUresult or cudaError that is not 0: for what is used here their numbers agree.

    `user` is who can no longer use the device after it.
    """
    if code == OUT_OF_MEMORY:
        return DeviceMemoryExhausted(
            f"{doing}: no memory is left on the device; free arrays, or use smaller ones", code
        )
    if code in _LOST:
        return DeviceLost(f"{doing}: {_LOST[code]} in a kernel; the device can no longer be used by {user}", code)
    if code in _CAPTURE:
        return CaptureInvalid(
            f"{doing}: a call that cannot be recorded, a wait or a copy say, was made while launches were recorded "
            f"(error {code}); record again without it", code,
        )  # fmt: skip
    said = f" ({_SAID[code]})" if code in _SAID else ""
    return DeviceError(f"{doing}: the driver says error {code}{said}", code)


def check(code: int, doing: str) -> None:
    """Raise the error for `code` unless it is 0."""
    if code != 0:
        raise error_for(code, doing)


@contextmanager
def translated(doing: str) -> Iterator[None]:
    """Turn the errors of CuPy and cuda.core into ours; neither is imported for it."""
    try:
        yield
    except Exception as error:
        code = _code_of(error)
        if code is None:
            raise
        raise error_for(code, doing) from error


def _code_of(error: Exception) -> int | None:
    """The CUresult in an exception of CuPy or cuda.core, None in any other."""
    module = type(error).__module__
    if module == "cupy.cuda.memory":  # its OutOfMemoryError
        return OUT_OF_MEMORY
    if module.startswith("cupy_backends."):
        status = getattr(error, "status", None)
        return None if status is None else int(status)
    if type(error) is RuntimeError and "captur" in str(error):
        return _CAPTURE.start  # CuPy refuses copies while a stream captures, before it asks the driver
    if module.startswith("cuda.core."):  # its CUDAError begins with the CUresult's name
        from cuda.bindings.driver import CUresult

        return int(getattr(CUresult, str(error).partition(":")[0], _UNKNOWN))
    return None
