"""Ways to wait on the device: invariants of the CPU time and of the other thread's patience, no microseconds."""

from __future__ import annotations

from statistics import median

from ffi_spectrum.measure.device.waiting import BUSY_NS, NOBODY, sample_waiting

from .scene import Scene


def test_who_holds_the_gil_stalls_others_and_who_blocks_burns_nothing(scene: Scene) -> None:
    found = sample_waiting(scene.session)
    for way, one in found.items():
        assert one.late_ns, way
        if way != NOBODY:  # the device's clock and the host's agree within some parts in 10,000
            assert min(one.elapsed_ns) > BUSY_NS * 0.999, way
    stalled = {way for way, one in found.items() if max(one.late_ns) > BUSY_NS / 2}
    assert {"ctypes.PyDLL", "ctypes.PyDLL, blocking event"} <= stalled
    assert not {"ctypes.CDLL", "CuPy stream", "CuPy event, blocking", NOBODY} & stalled
    burnt = {way: median(one.thread_cpu_ns) / median(one.elapsed_ns) for way, one in found.items()}
    assert burnt["CuPy event, blocking"] < 0.5 < burnt["poll stream.done"]
    assert burnt["ctypes.PyDLL, blocking event"] < 0.5
