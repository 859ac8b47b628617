"""How long a case will take, roughly: for deciding what to leave out, and for telling how long a run lasts."""

from __future__ import annotations

from ffi_spectrum.case import Case
from ffi_spectrum.kernels.spec import KernelSpec
from ffi_spectrum.rungs.base import RungInfo

# A pipelined block fills its window this often, and may take so long for it.
WINDOWS_PER_BLOCK = 4
MAX_BLOCK_MS = 60.0


def call_ns(info: RungInfo, kernel: KernelSpec, size: int) -> float:
    """Nanoseconds of one call, from the rung's hints."""
    dims = kernel.dims(size)
    work_ns = kernel.operations(dims) * info.ns_per_operation
    return info.ns_per_call + kernel.nbytes(dims) * info.ns_per_byte + work_ns


def block_ns(case: Case, info: RungInfo, kernel: KernelSpec, aim_ns: float) -> float:
    """Nanoseconds of one block: what it aims at, or the fewest calls that it may have."""
    window = dict(case.params).get("window", 0)
    return max(aim_ns, (WINDOWS_PER_BLOCK * window or 1) * call_ns(info, kernel, case.size))


def too_long(case: Case, info: RungInfo, kernel: KernelSpec, max_call_ms: float, profile: str) -> str:
    """The prediction that leaves a case out, "" where it fits the budget of the profile of this name."""
    predicted_ms = call_ns(info, kernel, case.size) * 1e-6
    if predicted_ms > max_call_ms:
        return f"a call is predicted to take {predicted_ms:.3g} ms, the {profile} profile allows {max_call_ms:g}"
    predicted_ms = block_ns(case, info, kernel, 0.0) * 1e-6
    if "window" in dict(case.params) and predicted_ms > MAX_BLOCK_MS:
        return f"filling the window takes {predicted_ms:.3g} ms a block by prediction, {MAX_BLOCK_MS:g} are allowed"
    return ""
