"""A worker that owns the device, behind gRPC: the client never maps the driver's library."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from ffi_spectrum.remote.grpc_process import check_modes
from ffi_spectrum.remote.socket_path import private_socket_path
from ffi_spectrum.rungs.base import RungInfo
from ffi_spectrum.rungs.device_memory import DeviceMemory
from ffi_spectrum.rungs.far_device import FarDevice, far_device_info
from ffi_spectrum.rungs.grpc import build_messages, require_packages
from ffi_spectrum.rungs.remote_rung import Client
from ffi_spectrum.toolchain.artifact import Artifact

if TYPE_CHECKING:
    from ffi_spectrum.toolchain.build import Toolchain


class DeviceGrpc(FarDevice):
    """Unary calls with the messages of `grpc`; where the payload is placed, a call's frame says where, as in `uds`."""

    info: ClassVar[RungInfo] = far_device_info(
        name="device_grpc",
        purpose="a device that outlives its kernels' failures, behind a service with a published interface",
        copies="host: as in grpc, and to the device and back; shared, device: none",
        needs="an NVIDIA driver and device; the extra `gpu`; the packages grpcio and grpcio-tools",
        native_code="grpcio's and protobuf's extension modules",
        cells=(("prebound", "host"), ("prebound", "shared"), ("prebound", "device"), ("fresh", "host")),
        variants={"prebound": ("unary",), "fresh": ("unary",)},
        ns_per_call=370_000,
        ns_per_byte=5.0,
    )
    shared_variants = frozenset({"unary"})

    @classmethod
    def build(cls, toolchain: Toolchain) -> dict[str, Artifact]:
        artifacts = super().build(toolchain)
        return {**artifacts, "messages": build_messages(toolchain)}

    def _connect(self) -> Client:
        require_packages()
        from ffi_spectrum.remote.messages import Messages
        from ffi_spectrum.rungs.device_grpc_client import DeviceGrpcChannel, DeviceGrpcClient

        messages, prototypes = (self.artifacts[name].path for name in ("messages", "prototypes"))
        with private_socket_path() as path:
            memory = DeviceMemory()
            worker = self._start_worker(memory, "grpc", path, messages, prototypes)
            check_modes(path)
            channel = DeviceGrpcChannel(worker, path, Messages(messages), self.deadline_s)
            channel.ping()  # what connects
        return DeviceGrpcClient(channel, memory)
