"""How long a case will take, roughly: for deciding what to leave out, and for telling how long a run lasts."""

from __future__ import annotations

from ffi_spectrum.case import Case
from ffi_spectrum.kernels.derived import batched
from ffi_spectrum.kernels.spec import KernelSpec
from ffi_spectrum.rungs.base import Rung, RungInfo

# A pipelined block fills its window this often, and may take so long for it.
WINDOWS_PER_BLOCK = 4
MAX_BLOCK_MS = 60.0
# A batch has data for each of its calls, which have to be made, placed and checked in every process.
MAX_BATCH_NBYTES = 2**25


def call_ns(case: Case, info: RungInfo, kernel: KernelSpec) -> float:
    """Nanoseconds of one crossing, from the rung's hints; of the wide ones, only a batch has data for each call."""
    dims, calls = kernel.dims(case.size), dict(case.params).get("calls", 1)
    nbytes = _data_nbytes(case, kernel)
    return info.ns_per_call + nbytes * info.ns_per_byte + calls * kernel.operations(dims) * info.ns_per_operation


def _data_nbytes(case: Case, kernel: KernelSpec) -> int:
    calls = dict(case.params).get("calls", 1) if case.strategy == "batched" else 1
    return kernel.nbytes(kernel.dims(case.size)) * calls


def block_ns(case: Case, info: RungInfo, kernel: KernelSpec, aim_ns: float) -> float:
    """Nanoseconds of one block: what it aims at, or the fewest calls that it may have."""
    window = dict(case.params).get("window", 0)
    return max(aim_ns, (WINDOWS_PER_BLOCK * window or 1) * call_ns(case, info, kernel))


def why_missing(case: Case, rung: type[Rung], kernel: KernelSpec) -> str:
    """Why the rung has no such case, "" where it has: of a batch, the data of all its calls count."""
    is_batch = case.strategy == "batched"
    return rung.missing(batched(kernel, dict(case.params)["calls"]) if is_batch else kernel, case.size)


def too_long(case: Case, info: RungInfo, kernel: KernelSpec, max_call_ms: float, profile: str) -> str:
    """The prediction that leaves a case out, "" where it fits the budget of the profile of this name."""
    predicted_ms = call_ns(case, info, kernel) * 1e-6
    if predicted_ms > max_call_ms:
        return f"a call is predicted to take {predicted_ms:.3g} ms, the {profile} profile allows {max_call_ms:g}"
    nbytes = _data_nbytes(case, kernel)
    if case.strategy == "batched" and nbytes > MAX_BATCH_NBYTES:
        return f"its calls have {nbytes / 2**20:.3g} MiB of data, {MAX_BATCH_NBYTES / 2**20:g} are allowed"
    predicted_ms = block_ns(case, info, kernel, 0.0) * 1e-6
    if "window" in dict(case.params) and predicted_ms > MAX_BLOCK_MS:
        return f"filling the window takes {predicted_ms:.3g} ms a block by prediction, {MAX_BLOCK_MS:g} are allowed"
    return ""
