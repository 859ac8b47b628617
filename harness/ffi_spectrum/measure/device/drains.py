"""What the device alone takes for a launch: a queue that is full before it starts, timed by the device's events."""

from __future__ import annotations

import ctypes

from ffi_spectrum.device.errors import check, translated
from ffi_spectrum.device.geometry import ONE
from ffi_spectrum.device.session import Session
from ffi_spectrum.results.device.cupti import Drain

# All of them fit into the launch queue, which holds about 1,024.
LAUNCHES = (16, 64, 128, 256, 400)
TRIALS, WARM_TRIALS = 5, 1
_NS = 1e6  # of the milliseconds that events give


def sample_drains(session: Session) -> list[Drain]:
    """One for every number in LAUNCHES, in turns, so that a change of the device's clock meets all of them."""
    call = session.launch("ffis_noop", (ONE, ONE), {}).prepared(session.entry)
    check(session.launcher.launch_n(ctypes.addressof(call), 1), "launching an empty kernel")
    session.synchronize()
    drains = [Drain(launches, []) for launches in LAUNCHES]
    for trial in range(WARM_TRIALS + TRIALS):
        for drain in drains:
            elapsed_ns = _drain(session, ctypes.addressof(call), drain.launches)
            if trial >= WARM_TRIALS:
                drain.elapsed_ns.append(elapsed_ns)
    return drains


def _drain(session: Session, call: int, launches: int) -> int:
    cuda = session.cupy.cuda
    with translated("timing launches by events"):
        before, behind = cuda.Event(), cuda.Event()
        session.hold()
        before.record(session.stream)
        check(session.launcher.launch_n(call, launches), "launching behind a held stream")
        behind.record(session.stream)
        session.release()
        elapsed_ms: float = cuda.get_elapsed_time(before, behind)
        return round(elapsed_ms * _NS)
