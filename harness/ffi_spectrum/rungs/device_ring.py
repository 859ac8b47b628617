"""A worker that owns the device, behind a ring in shared memory: the client never maps the driver's library."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, ClassVar

from ffi_spectrum.remote.frame import LIMIT_NBYTES
from ffi_spectrum.remote.process import WorkerProcess
from ffi_spectrum.remote.ring_channel import RING_NBYTES, check_machine
from ffi_spectrum.rungs.base import RungInfo
from ffi_spectrum.rungs.device_memory import DeviceMemory
from ffi_spectrum.rungs.far_device import FarDevice, far_device_info
from ffi_spectrum.rungs.ring_client import RingClient, open_channel
from ffi_spectrum.rungs.shm_ring_py import ShmRingPy
from ffi_spectrum.toolchain.artifact import Artifact

if TYPE_CHECKING:
    from ffi_spectrum.toolchain.build import Toolchain


class DeviceRing(FarDevice, ShmRingPy):
    """Both sides are Python; the ring's memory is pinned, so that kernels read and write arrays in it in place."""

    info: ClassVar[RungInfo] = far_device_info(
        name="device_ring",
        purpose="a device that outlives its kernels' failures, as near as another process can be",
        gil="held",  # by the spin; a wait for the eventfd releases it
        copies="host: into and out of pinned shared memory, which kernels use in place; shared, device: none",
        needs="an NVIDIA driver and device; the extra `gpu`; an x86-64 processor",
        cells=(
            ("prebound", "host"), ("prebound", "shared"), ("prebound", "device"),
            ("fresh", "host"), ("fresh", "shared"),
        ),
        variants={"prebound": ("spin", "eventfd"), "fresh": ("spin", "eventfd")},
        ns_per_call=40_000,
        ns_per_byte=0.4,
    )  # fmt: skip

    @classmethod
    def build(cls, toolchain: Toolchain) -> dict[str, Artifact]:
        check_machine()
        return super().build(toolchain)

    def _connect(self) -> RingClient:
        memory = DeviceMemory(RING_NBYTES + LIMIT_NBYTES)
        start = partial(self._start, memory)
        return RingClient(open_channel(memory, start, self.deadline_s), memory)

    def _start(self, memory: DeviceMemory, eventfds: list[int]) -> WorkerProcess:
        return self._start_worker(memory, "ring", *eventfds, pass_fds=eventfds)
