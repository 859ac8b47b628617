"""Faults of a device in the middle of a run: what its row says, and that the rest of the run is measured."""

from __future__ import annotations

import os
from collections.abc import Callable

from ffi_spectrum.results.store import Results
from ffi_spectrum.toolchain.build import Toolchain

from .fake_libcuda import build_fake
from .scene import Scene, bench
from .seen import Seen, works

# What a worker may take; a process with CuPy in it starts in two or three.
DEADLINE_S = 10
# A kernel that "does not end" ends after this by itself, and no other is launched behind it: no card hangs for good.
BOUND_NS = 20_000_000_000
# More calls than the proof makes, so that it happens while the case is timed.
HEALTHY = 300

_RUNG = """
import ctypes
from dataclasses import replace
import numpy as np
from ffi_spectrum.device.geometry import ONE
from ffi_spectrum.rungs.base import BoundCall
from ffi_spectrum.rungs.cuda_loop import CudaLoop

class Bad(CudaLoop):
    info = replace(CudaLoop.info, name="bad", purpose="a rung for the fault tests")
    calls = 0

    @classmethod
    def ways(cls, kernel):
        return (case for case in super().ways(kernel) if case.strategy == "per_call")

    def controls(self, workload):
        return {{}}

    def launch_call(self, launch, variant):
        deed = self.session.launch({symbol!r}, (ONE, ONE), {objects})
        one, other = launch.prepared(self.session.entry), deed.prepared(self.session.entry)

        def misbehave():
            Bad.calls += 1
            return self.session.launcher.launch_n(ctypes.addressof(other if Bad.calls == {healthy} else one), 1)

        return BoundCall("misbehave()", {{"misbehave": misbehave}}, owner=(launch, deed, one, other))
"""
ILLEGAL_RUNG = _RUNG.format(
    symbol="ffis_stamp", objects='{"words": np.uint64(64), "ticket": np.uint64(1)}', healthy=HEALTHY
)
UNENDING_RUNG = _RUNG.format(
    symbol="ffis_hold", healthy=HEALTHY,
    objects='{"word": self.session.words[3:4], "go": np.uint64(1), "stop": np.uint64(2), '
    f'"ns": np.uint64({BOUND_NS})}}',
)  # fmt: skip
_TYPES = {"DeviceLost": "DeviceLost", "did not end within": "WorkerDied"}


def run_with(source: str) -> Callable[[Scene], Seen]:
    """A run of a rung that misbehaves and of one that does not, in the same panel."""

    def deed(scene: Scene) -> Seen:
        name = "unending" if source is UNENDING_RUNG else "illegal"
        results = bench(scene.folder / name, ("bad", "cuda_loop", "python"), source, DEADLINE_S)
        error, said = _line(results, "bad")
        return Seen(error, said, _measured(results) >= {"cuda_loop", "python"} and works(scene))

    return deed


def run_without_device(scene: Scene) -> Seen:
    """A run that finds a driver for CUDA 12.4 in front of the real one."""
    folder = build_fake(scene.folder / "old", Toolchain(), version=12040)
    found_first = os.pathsep.join([str(folder), *filter(None, [os.environ.get("LD_LIBRARY_PATH")])])
    results = bench(scene.folder / "too-old", ("cuda_loop", "python"), LD_LIBRARY_PATH=found_first)
    error, said = _line(results, "cuda_loop")
    return Seen(error, said, _measured(results) >= {"floor", "python"} and works(scene))


def _line(results: Results, rung: str) -> tuple[str, str]:
    """Type and text of the reason why the rung's cases have no figures."""
    reasons = {(record.status, record.reason) for record in results.cases if record.case.rung == rung}
    assert reasons, f"nothing is said about {rung}"
    status, reason = min(reasons)
    if status == "unavailable":
        return "Unavailable", reason
    return next((kind for words, kind in _TYPES.items() if words in reason), "?"), reason


def _measured(results: Results) -> set[str]:
    """Rungs with figures in every process of their panel, of which there are two."""
    found: dict[str, set[int]] = {}
    for record in results.processes:
        for row in record.cases:
            found.setdefault(row.case.rung, set()).add(record.process)
    return {rung for rung, processes in found.items() if processes == {0, 1}}
