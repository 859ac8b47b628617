"""Copies between host and device, and a copy beside a kernel; what arrived is looked at after each of them."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from time import perf_counter_ns
from typing import Any

import numpy as np

from ffi_spectrum.device.errors import check, translated
from ffi_spectrum.device.geometry import ONE
from ffi_spectrum.device.launch import address_of
from ffi_spectrum.device.session import Session
from ffi_spectrum.errors import WrongResult
from ffi_spectrum.measure.compiled import compile_function
from ffi_spectrum.results.device.sample import Copies

SIZES = (8, 512, 4096, 32768, 262144, 2097152, 16777216, 67108864)
LARGE_NBYTES, TRIALS, TRIALS_IF_LARGE = 1 << 20, 12, 4
OVERLAP_NBYTES = 16777216
# cudaMemcpyHostToDevice and cudaMemcpyDeviceToHost; what is sent to the device is then what is fetched from it
KINDS = {"to device": 1, "to host": 2}
CALLS = {"sync": "memcpy(target, source, nbytes, kind)", "async": "memcpyAsync(target, source, nbytes, kind, stream)"}
# Bytes count up to PERIOD and begin anew; before a copy, each STEP-th of the target, from the last one back, is POISON.
PERIOD, STEP, POISON = 251, 997, 255


@dataclass(frozen=True, slots=True)
class _Copy:
    """The first `nbytes` of one array go to another, one of the two being on the device."""

    session: Session
    way: str
    source: Any
    target: Any
    nbytes: int
    kind: int

    def names(self, stream: Any) -> dict[str, Any]:
        """What the calls in CALLS are made of; the asynchronous one is on `stream`."""
        runtime = self.session.cupy.cuda.runtime
        return {
            "memcpy": runtime.memcpy, "memcpyAsync": runtime.memcpyAsync, "target": address_of(self.target),
            "source": address_of(self.source), "nbytes": self.nbytes, "kind": self.kind, "stream": int(stream.ptr),
        }  # fmt: skip

    def poison(self) -> None:
        self._looked_at()[...] = POISON
        self.session.synchronize()

    def check(self) -> None:
        """Raise WrongResult unless the bytes that were poisoned are those of the source again."""
        found = self.session.to_host(self._looked_at())
        if not np.array_equal(found, np.arange(self.nbytes - 1, -1, -STEP) % PERIOD):
            raise WrongResult(f"{self.way}: of {self.nbytes} bytes not all arrived")

    def _looked_at(self) -> Any:
        return self.target[: self.nbytes][::-STEP]


def sample_copies(session: Session) -> dict[str, list[Copies]]:
    """By memory, call and direction; raises WrongResult where bytes did not arrive."""
    device, pinned = _device_bytes(session, SIZES[-1]), session.pinned(SIZES[-1], np.uint8)
    found: dict[str, list[Copies]] = {}
    for memory, host in (("pageable", np.zeros(SIZES[-1], np.uint8)), ("pinned", pinned)):
        host[:] = _pattern(host.size)
        for nbytes in SIZES:
            for call in CALLS:
                for direction, kind in KINDS.items():
                    way = f"{memory} {call} {direction}"
                    source, target = (host, device) if direction == "to device" else (device, host)
                    one = _time(_Copy(session, way, source, target, nbytes, kind), call)
                    found.setdefault(way, []).append(one)
    return found


def _device_bytes(session: Session, nbytes: int) -> Any:
    with translated("allocating for copies"):
        return session.cupy.zeros(nbytes, np.uint8)


def _pattern(nbytes: int) -> Any:
    return np.resize(np.arange(PERIOD, dtype=np.uint8), nbytes)


def _time(copy: _Copy, call: str) -> Copies:
    session, one = copy.session, Copies(copy.nbytes, [], [])
    # cudaMemcpy copies on the legacy default stream, and may return when the bytes are staged only
    stream = session.stream if call == "async" else session.cupy.cuda.Stream.null
    names = {**copy.names(session.stream), "wait": stream.synchronize, "_clock": perf_counter_ns}
    body = [
        "_start = _clock()",
        CALLS[call],
        "_returned = _clock()",
        "wait()",
        "return _returned - _start, _clock() - _start",
    ]
    run = compile_function(body, tuple(names))
    for trial in range((TRIALS_IF_LARGE if copy.nbytes >= LARGE_NBYTES else TRIALS) + 1):
        copy.poison()
        with translated(copy.way):
            returned_ns, done_ns = run(*names.values())
        copy.check()
        if trial:  # the first maps and stages what later ones find ready
            one.returned_ns.append(returned_ns)
            one.done_ns.append(done_ns)
    return one


def sample_overlap(session: Session) -> dict[str, list[int]]:
    """A pinned copy and a kernel of about its length: each alone, and both at once on two streams."""
    with translated("making a stream"):
        other = session.cupy.cuda.Stream(non_blocking=True)
    pinned = session.pinned(OVERLAP_NBYTES, np.uint8)
    pinned[:] = _pattern(OVERLAP_NBYTES)
    device = _device_bytes(session, OVERLAP_NBYTES)
    copy = _Copy(session, "a copy beside a kernel", pinned, device, OVERLAP_NBYTES, KINDS["to device"])
    names = {
        **copy.names(other), "launch_n": session.launcher.launch_n, "kernel": 0, "wait_copy": other.synchronize,
        "wait_kernel": session.stream.synchronize, "_clock": perf_counter_ns,
    }  # fmt: skip
    _overlap(copy, names, "copy")
    length_ns = _overlap(copy, names, "copy")
    launch = session.launch("ffis_delay", (ONE, ONE), {"ns": np.uint64(length_ns)})
    kernel = launch.prepared(session.entry)
    names["kernel"] = ctypes.addressof(kernel)
    found: dict[str, list[int]] = {"copy": [], "kernel": [], "both": []}
    for _ in range(TRIALS_IF_LARGE):
        for what, spent in found.items():
            spent.append(_overlap(copy, names, what))
    return found


def _overlap(copy: _Copy, names: dict[str, Any], what: str) -> int:
    """Nanoseconds until the "copy", the "kernel" or "both" are over."""
    launch = [] if what == "copy" else ["_error = launch_n(kernel, 1)"]
    calls, waits = ([], []) if what == "kernel" else ([CALLS["async"]], ["wait_copy()"])
    body = [
        "_error = 0",
        "_start = _clock()",
        *launch,
        *calls,
        *waits,
        *(["wait_kernel()"] if launch else []),
        "return _clock() - _start, _error",
    ]
    copy.poison()
    with translated(copy.way):
        elapsed_ns, error = compile_function(body, tuple(names))(*names.values())
    check(error, "launching a kernel beside a copy")
    if waits:
        copy.check()
    return int(elapsed_ns)
