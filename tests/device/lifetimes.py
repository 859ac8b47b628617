"""Memory that its user lets go while the device uses it: through our API it stays, and the results are right."""

from __future__ import annotations

import gc
import weakref

import numpy as np

from ffi_spectrum.case import Form
from ffi_spectrum.device.graph import record
from ffi_spectrum.kernels.table import KERNELS
from ffi_spectrum.kernels.workload import check_outputs, expected_outputs, make_workload
from ffi_spectrum.measure.loop import call_once
from ffi_spectrum.rungs.cuda_ctypes import CudaCtypes
from ffi_spectrum.rungs.device_rung import DeviceRung
from ffi_spectrum.toolchain.build import Toolchain

from .scene import Scene
from .seen import NONE, Seen, busy, saxpy

SIZE = 4096


def drop_under_graph(scene: Scene) -> Seen:
    """Arrays that only a graph still knows, while it runs and other arrays are made; they go when it is closed."""
    session = scene.session
    x, y = (session.to_device(np.full(256, value, np.float32)) for value in (1, 0))
    result = session.to_device(np.zeros(256, np.float32))
    graph = record(session, [busy(scene), saxpy(scene, x, y), saxpy(scene, y, result)])
    seen = [weakref.ref(x), weakref.ref(y)]
    del x, y
    graph.launch()
    gc.collect()
    others = _others(scene, 256)
    is_kept = all(one() is not None for one in seen)
    is_right = bool(np.all(session.to_host(result) == 4))  # 2 * (2 * 1 + 0) + 0
    graph.close()
    del others
    gc.collect()
    return Seen(NONE, "", is_kept and is_right and all(one() is None for one in seen))


def drop_under_call(scene: Scene) -> Seen:
    """A bound call whose buffers nobody else holds."""
    rung = CudaCtypes(CudaCtypes.build(Toolchain()))
    rung.open()
    return Seen(NONE, "", keeps_buffers(scene, rung, "prebound"))


def keeps_buffers(scene: Scene, rung: DeviceRung, form: Form) -> bool:
    """Whether a call of saxpy is right after all else let its buffers go, and lets them go with itself."""
    workload = make_workload(KERNELS["saxpy"], SIZE)
    buffers = rung.place(workload, "device")
    bound = rung.bind(buffers, form)
    seen = {name: weakref.ref(array) for name, array in buffers.placed.items()}
    del buffers
    gc.collect()
    others = _others(scene, SIZE)
    is_kept = all(one() is not None for one in seen.values())
    value = call_once(bound)
    found = value if bound.value_of == "out" else seen["out"]()
    difference = check_outputs(workload, {"out": scene.session.to_host(found)}, expected_outputs(workload))
    del bound, found, value, others
    gc.collect()
    return is_kept and difference == "" and all(one() is None for one in seen.values())


def drop_under_copy(scene: Scene) -> Seen:
    """A copy behind a busy stream is over when it returns: the host's memory is free to go, either way."""
    session = scene.session
    expected = np.arange(1 << 20, dtype=np.uint64).astype(np.uint8)
    host = expected.copy()
    scene.start(busy(scene))
    device = session.to_device(host)
    is_over = bool(session.stream.done)
    host[:] = 0
    del host
    gc.collect()
    scene.start(busy(scene))
    back = session.to_host(device)
    return Seen(NONE, "", is_over and bool(session.stream.done) and np.array_equal(back, expected))


def _others(scene: Scene, size: int) -> list[object]:
    """Arrays of the same size, full of something else: memory that was given back would be theirs now."""
    return [scene.session.cupy.full(size, 77, np.float32) for _ in range(8)]
