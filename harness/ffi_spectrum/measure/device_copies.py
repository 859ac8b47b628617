"""Copies between host and device, and a copy beside a kernel."""

from __future__ import annotations

import ctypes
from time import perf_counter_ns
from typing import Any

import numpy as np

from ffi_spectrum.device.errors import check, translated
from ffi_spectrum.device.geometry import ONE
from ffi_spectrum.device.session import Session
from ffi_spectrum.errors import WrongResult
from ffi_spectrum.results.device import Copies

SIZES = (8, 512, 4096, 32768, 262144, 2097152, 16777216, 67108864)
LARGE_NBYTES, TRIALS, TRIALS_IF_LARGE = 1 << 20, 12, 4
_TO_DEVICE, _TO_HOST = 1, 2  # cudaMemcpyHostToDevice, cudaMemcpyDeviceToHost
OVERLAP_NBYTES = 16777216


def sample_copies(session: Session) -> dict[str, list[Copies]]:
    """By memory, call and direction; raises WrongResult where bytes did not arrive."""
    import cupyx

    with translated("allocating for copies"):
        device = session.cupy.zeros(SIZES[-1], np.uint8)
        hosts = {"pageable": np.zeros(SIZES[-1], np.uint8), "pinned": cupyx.zeros_pinned(SIZES[-1], np.uint8)}
    found: dict[str, list[Copies]] = {}
    for memory, host in hosts.items():
        host[:] = np.arange(host.size, dtype=np.uint64).astype(np.uint8)
        for nbytes in SIZES:
            for call in ("sync", "async"):
                for direction, kind in (("to device", _TO_DEVICE), ("to host", _TO_HOST)):
                    one = _time(session, host, device, nbytes, kind, call == "async")
                    found.setdefault(f"{memory} {call} {direction}", []).append(one)
        if not np.array_equal(session.to_host(device), host):
            raise WrongResult(f"copies of {memory} memory: what came back is not what was sent")
    return found


def _time(session: Session, host: Any, device: Any, nbytes: int, kind: int, is_async: bool) -> Copies:
    runtime, stream, one = session.cupy.cuda.runtime, session.stream, Copies(nbytes, [], [])
    here, there = host.ctypes.data, device.data.ptr
    target, source = (there, here) if kind == _TO_DEVICE else (here, there)
    trials = TRIALS_IF_LARGE if nbytes >= LARGE_NBYTES else TRIALS
    for trial in range(trials + 1):
        session.synchronize()
        start = perf_counter_ns()
        if is_async:
            runtime.memcpyAsync(target, source, nbytes, kind, stream.ptr)
        else:
            runtime.memcpy(target, source, nbytes, kind)
        returned = perf_counter_ns()
        stream.synchronize()
        if trial:  # the first maps and stages what later ones find ready
            one.returned_ns.append(returned - start)
            one.done_ns.append(perf_counter_ns() - start)
    return one


def sample_overlap(session: Session) -> dict[str, list[int]]:
    """A pinned copy and a kernel of about its length: each alone, and both at once on two streams."""
    import cupyx

    with translated("allocating for copies"):
        device = session.cupy.zeros(OVERLAP_NBYTES, np.uint8)
        pinned = cupyx.zeros_pinned(OVERLAP_NBYTES, np.uint8)
        other = session.cupy.cuda.Stream(non_blocking=True)
    found: dict[str, list[int]] = {"copy": [], "kernel": [], "both": []}

    def run(copy: bool, kernel: Any) -> int:
        session.synchronize()
        start = perf_counter_ns()
        if kernel is not None:
            check(session.launcher.launch_n(ctypes.addressof(kernel), 1), "launching a kernel beside a copy")
        if copy:
            session.cupy.cuda.runtime.memcpyAsync(
                device.data.ptr, pinned.ctypes.data, OVERLAP_NBYTES, _TO_DEVICE, other.ptr
            )
            other.synchronize()
        session.synchronize()
        return perf_counter_ns() - start

    run(True, None)
    length = run(True, None)
    launch = session.launch("ffis_delay", (ONE, ONE), {"ns": np.uint64(length)})
    kernel = launch.prepared(session.entry)
    for _ in range(TRIALS_IF_LARGE):
        found["copy"].append(run(True, None))
        found["kernel"].append(run(False, kernel))
        found["both"].append(run(True, kernel))
    return found
