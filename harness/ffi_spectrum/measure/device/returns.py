"""Does it return first? Every launch, copy and allocation behind a kernel that runs for ten milliseconds."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping

import numpy as np

from ffi_spectrum.device.errors import check, translated
from ffi_spectrum.device.geometry import ONE
from ffi_spectrum.device.session import Session
from ffi_spectrum.measure.loop import compile_block
from ffi_spectrum.results.device.sample import Returns
from ffi_spectrum.rungs.base import BoundCall

BUSY_NS = 10_000_000
TRIALS = 3
# An allocation that no pool has ready, and copies of as much.
NBYTES = 1 << 20


def sample_returns(session: Session, launches: Mapping[str, BoundCall]) -> dict[str, Returns]:
    """By action; `launches` are the launch paths' own calls."""
    busy = session.launch("ffis_delay", (ONE, ONE), {"ns": np.uint64(BUSY_NS)})
    prepared = busy.prepared(session.entry)
    found = {}
    for name, call in {**{f"launch by {path}": call for path, call in launches.items()}, **_others(session)}.items():
        one, act = Returns(BUSY_NS, [], []), compile_block(call)
        with translated(name):
            act(1)  # what is loaded or allocated once is not what is asked about
            for _ in range(TRIALS):
                session.synchronize()
                check(session.launcher.launch_n(ctypes.addressof(prepared), 1), "launching a long kernel")
                one.returned_ns.append(act(1))
                one.was_done.append(bool(session.stream.done))
            session.synchronize()
        found[name] = one
    return found


def _others(session: Session) -> dict[str, BoundCall]:
    """Copies, allocations and questions as a user of CuPy makes them."""
    cupy, stream = session.cupy, session.stream
    with translated("allocating for copies"):
        device, event = cupy.zeros(NBYTES, np.uint8), cupy.cuda.Event()
    names = {
        "cupy": cupy, "device": device, "event": event, "stream": stream, "on": int(stream.ptr), "nbytes": NBYTES,
        "pageable": np.zeros(NBYTES, np.uint8), "pinned": session.pinned(NBYTES, np.uint8), "uint8": np.uint8,
        "runtime": cupy.cuda.runtime,
    }  # fmt: skip
    actions = {
        "copy to device, pageable": "device.set(pageable, stream=stream)",
        "copy to device, pinned": "device.set(pinned, stream=stream)",
        "copy to host, pageable": "device.get(stream=stream, out=pageable, blocking=False)",
        "copy to host, pinned": "device.get(stream=stream, out=pinned, blocking=False)",
        "asnumpy": "cupy.asnumpy(device)",
        ".item()": "device[0].item()",
        "allocation from CuPy's pool": "cupy.empty(nbytes, uint8)",
        "cudaMalloc and cudaFree": "runtime.free(runtime.malloc(nbytes))",
        "cudaMallocAsync and cudaFreeAsync": "runtime.freeAsync(runtime.mallocAsync(nbytes, on), on)",
        "event record": "event.record(stream)",
        "stream query": "stream.done",
        "stream synchronise": "stream.synchronize()",
    }
    return {name: BoundCall(call, names) for name, call in actions.items()}
