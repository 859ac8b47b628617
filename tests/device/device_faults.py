"""Faults of a device, done for real, and what a caller gets to see: the rows of docs/device-safety.md."""

from __future__ import annotations

import ctypes
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ffi_spectrum.device.errors import check, translated
from ffi_spectrum.device.geometry import ONE
from ffi_spectrum.device.graph import Recording, record

from .lifetimes import drop_under_call, drop_under_copy, drop_under_graph
from .run_faults import ILLEGAL_RUNG, UNENDING_RUNG, run_with, run_without_device
from .scene import Scene
from .seen import NONE, Seen, raised, saxpy, spin, works


@dataclass(frozen=True, slots=True)
class Fault:
    """`error` is the type that is raised (NONE where nothing can be provoked), `goes_on` what is not touched by it."""

    error: str
    goes_on: str
    provoke: Callable[[Scene], Seen]
    devices: int = 1


@dataclass(frozen=True, slots=True)
class Row:
    """What became of one fault."""

    fault: str
    seen: Seen
    seconds: float


def provoke(name: str, scene: Scene) -> Row:
    """Do it, timed."""
    began = time.perf_counter()
    seen = FAULTS[name].provoke(scene)
    return Row(name, seen, time.perf_counter() - began)


def _without(lines: str, **environment: str) -> Callable[[Scene], Seen]:
    """A process that opens the device after `lines`, in this environment."""

    def deed(scene: Scene) -> Seen:
        ((error, said),) = scene.child(f"{lines}\nsay([told(lambda: open_session(*paths))])", **environment)
        return Seen(error, said, works(scene))

    return deed


def _exhausted(scene: Scene) -> Seen:
    before = scene.session.to_device(np.arange(3))

    def allocate() -> None:
        with translated("allocating four terabytes"):
            scene.session.cupy.empty(1 << 40, np.float32)

    return raised(allocate, lambda: works(scene) and scene.session.to_host(before).tolist() == [0, 1, 2])


def _refused(scene: Scene) -> Seen:
    """A block of more threads than there may be."""
    launch = scene.session.launch("ffis_noop", (ONE, (4096, 1, 1)), {})
    prepared = launch.prepared(scene.session.entry)
    launch_n = scene.session.launcher.launch_n
    return raised(lambda: check(launch_n(ctypes.addressof(prepared), 1), "launching ffis_noop"), lambda: works(scene))


def _illegal(scene: Scene) -> Seen:
    """In another process, whose next use of the device says it again; this process's session is untouched."""
    (error, said), (again, _) = scene.child("""
session = open_session(*paths)
start(session, session.launch("ffis_stamp", ONE, {"words": np.uint64(64), "ticket": np.uint64(1)}))
say([told(session.synchronize), told(lambda: session.to_device(np.zeros(3)))])
""")
    return Seen(error, said, again == error and works(scene))


def _illegal_by_codes(scene: Scene) -> Seen:
    """The same in front of a path whose launch and wait only return codes: the block's end raises."""
    ((error, said),) = scene.child("""
from ffi_spectrum.kernels.table import KERNELS
from ffi_spectrum.kernels.workload import make_workload
from ffi_spectrum.measure.loop import call_once
from ffi_spectrum.rungs.cuda_ctypes import CudaCtypes
from ffi_spectrum.toolchain.build import Toolchain
rung = CudaCtypes(CudaCtypes.build(Toolchain()))
rung.open()
bound = rung.bind(rung.place(make_workload(KERNELS["noop"], 0), "device"), "prebound")
start(rung.session, rung.session.launch("ffis_stamp", ONE, {"words": np.uint64(64), "ticket": np.uint64(1)}))
say([told(lambda: call_once(bound))])
""")
    return Seen(error, said, works(scene))


def _spoilt(scene: Scene) -> Seen:
    """A wait while launches are recorded; then the same recording without it."""
    word = scene.session.to_device(np.zeros(1, np.uint64))
    launch = spin(scene, 9, 0, word)

    def spoil() -> None:
        with Recording(scene.session) as recording:
            recording.add(launch)
            scene.session.synchronize()

    def again() -> bool:
        graph = record(scene.session, [launch])
        graph.launch()
        is_right = bool(scene.session.to_host(word)[0] == 9)
        graph.close()
        return is_right and works(scene)

    return raised(spoil, again)


def _other_device(scene: Scene) -> Seen:
    cupy = scene.session.cupy
    with cupy.cuda.Device(1):
        array = cupy.zeros(256, np.float32)
    own = scene.session.to_device(np.zeros(256, np.float32))
    return raised(lambda: saxpy(scene, array, own), lambda: works(scene))


_PROCESSES, _RUN, _SESSION = "other processes", "the run: all other rungs are measured", "the session"
FAULTS: dict[str, Fault] = {
    "no driver": Fault("Unavailable", _PROCESSES, _without("probe.LIBRARY = 'libcuda-that-is-not-there.so.1'")),
    "no device is visible": Fault("Unavailable", _PROCESSES, _without("", CUDA_VISIBLE_DEVICES="")),
    "the driver is too old": Fault("Unavailable", _RUN, run_without_device),
    "memory is exhausted": Fault("DeviceMemoryExhausted", "the session, and what was allocated", _exhausted),
    "a launch is refused": Fault("DeviceError", _SESSION, _refused),
    "an illegal address in a kernel": Fault("DeviceLost", _PROCESSES, _illegal),
    "the same, where calls return codes": Fault("DeviceLost", _PROCESSES, _illegal_by_codes),
    "the same, in a run": Fault("DeviceLost", _RUN, run_with(ILLEGAL_RUNG)),
    "a kernel that does not end, in a run": Fault("WorkerDied", _RUN, run_with(UNENDING_RUNG)),
    "a wait spoils a recording": Fault("CaptureInvalid", "the session; recorded again it is right", _spoilt),
    "an array is dropped under a graph": Fault(NONE, "the graph owns it until it is closed", drop_under_graph),
    "an array is dropped under a bound call": Fault(NONE, "the call owns it", drop_under_call),
    "a host buffer is dropped during a copy": Fault(NONE, "a copy is over when it returns", drop_under_copy),
    "an array of another device": Fault("WrongDevice", _SESSION, _other_device, devices=2),
}
