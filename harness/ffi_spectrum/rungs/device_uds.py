"""A worker that owns the device, behind a Unix socket: the client never maps the driver's library."""

from __future__ import annotations

from typing import ClassVar

from ffi_spectrum.remote.socket_channel import SocketChannel
from ffi_spectrum.remote.socket_path import private_socket_path
from ffi_spectrum.rungs.base import RungInfo
from ffi_spectrum.rungs.device_memory import DeviceMemory
from ffi_spectrum.rungs.far_device import FarDevice, far_device_info
from ffi_spectrum.rungs.socket_client import SocketClient


class DeviceUds(FarDevice):
    """Requests as in `uds`: `frame` carries the payload, `memfd` where it lies, in pinned memory or on the device."""

    info: ClassVar[RungInfo] = far_device_info(
        name="device_uds",
        purpose="a device that outlives its kernels' failures; any language can speak to the socket",
        copies="frame: through the socket, to the device and back; memfd: in and out of pinned memory; placed: none",
        cells=(
            ("prebound", "host"), ("prebound", "shared"), ("prebound", "device"),
            ("fresh", "host"), ("fresh", "shared"),
        ),
        variants={"prebound": ("frame", "memfd"), "fresh": ("frame", "memfd")},
        ns_per_call=70_000,
        ns_per_byte=0.6,
    )  # fmt: skip
    shared_variants = frozenset({"memfd"})

    def _connect(self) -> SocketClient:
        with private_socket_path() as path:
            memory = DeviceMemory()
            worker = self._start_worker(memory, "uds", path)
            return SocketClient(SocketChannel(worker, path, self.deadline_s), memory)
