"""Does it return first? Every launch, copy and allocation behind a kernel that runs for ten milliseconds."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Mapping
from time import perf_counter_ns
from typing import Any

import numpy as np

from ffi_spectrum.device.errors import check, translated
from ffi_spectrum.device.geometry import ONE
from ffi_spectrum.device.session import Session
from ffi_spectrum.measure.compiled import compile_function
from ffi_spectrum.results.device import Returns
from ffi_spectrum.rungs.base import BoundCall

BUSY_NS = 10_000_000
TRIALS = 3
# An allocation that no pool has ready, and copies of more than the driver stages.
NBYTES = 1 << 20
Action = Callable[[], object]


def sample_returns(session: Session, launches: Mapping[str, BoundCall]) -> dict[str, Returns]:
    """By action; `launches` are the launch paths' own calls."""
    busy = session.launch("ffis_delay", (ONE, ONE), {"ns": np.uint64(BUSY_NS)})
    prepared = busy.prepared(session.entry)
    found = {}
    for name, action in {**_launches(launches), **_others(session)}.items():
        one = Returns(BUSY_NS, [], [])
        action()  # what is loaded or allocated once is not what is asked about
        for _ in range(TRIALS):
            session.synchronize()
            check(session.launcher.launch_n(ctypes.addressof(prepared), 1), "launching a long kernel")
            start = perf_counter_ns()
            action()
            one.returned_ns.append(perf_counter_ns() - start)
            one.was_done.append(bool(session.stream.done))
        session.synchronize()
        found[name] = one
    return found


def _launches(launches: Mapping[str, BoundCall]) -> dict[str, Action]:
    found: dict[str, Action] = {}
    for name, call in launches.items():
        function = compile_function([call.call], tuple(call.names))
        values = tuple(call.names.values())
        found[f"launch by {name}"] = lambda function=function, values=values: function(*values)  # type: ignore[misc]
    return found


def _others(session: Session) -> dict[str, Action]:
    """Copies, allocations and questions as a user of CuPy makes them; arrays live as long as the functions."""
    import cupyx

    cupy, stream = session.cupy, session.stream
    with translated("allocating for copies"):
        device = cupy.zeros(NBYTES, np.uint8)
        pinned = cupyx.zeros_pinned(NBYTES, np.uint8)
    pageable = np.zeros(NBYTES, np.uint8)
    runtime, event = cupy.cuda.runtime, cupy.cuda.Event()

    def allocate_and_free() -> None:
        runtime.free(runtime.malloc(NBYTES))

    def allocate_in_order() -> None:
        runtime.freeAsync(runtime.mallocAsync(NBYTES, stream.ptr), stream.ptr)

    actions: dict[str, Any] = {
        "copy to device, pageable": lambda: device.set(pageable, stream=stream),
        "copy to device, pinned": lambda: device.set(pinned, stream=stream),
        "copy to host, pageable": lambda: device.get(stream=stream, out=pageable, blocking=False),
        "copy to host, pinned": lambda: device.get(stream=stream, out=pinned, blocking=False),
        "asnumpy": lambda: cupy.asnumpy(device),
        ".item()": lambda: device[0].item(),
        "allocation from CuPy's pool": lambda: cupy.empty(NBYTES, np.uint8),
        "cudaMalloc and cudaFree": allocate_and_free,
        "cudaMallocAsync and cudaFreeAsync": allocate_in_order,
        "event record": lambda: event.record(stream),
        "stream query": lambda: stream.done,
        "stream synchronise": stream.synchronize,
    }
    return actions
