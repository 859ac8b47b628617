"""A Python server behind gRPC on a Unix socket: generated protobuf messages, unary calls or one stream."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, ClassVar

from ffi_spectrum.case import Placement
from ffi_spectrum.errors import Unavailable
from ffi_spectrum.kernels.derived import batched
from ffi_spectrum.kernels.shapes import shapes_of
from ffi_spectrum.kernels.table import KERNELS
from ffi_spectrum.remote.grpc_process import start_worker
from ffi_spectrum.remote.socket_path import private_socket_path
from ffi_spectrum.rungs.base import RungInfo
from ffi_spectrum.rungs.remote_rung import Client, RemoteRung
from ffi_spectrum.toolchain.artifact import Artifact
from ffi_spectrum.toolchain.proto import HINT, Role, service_descriptors
from ffi_spectrum.toolchain.remote import thunk_library
from ffi_spectrum.toolchain.served import serve

if TYPE_CHECKING:
    from ffi_spectrum.toolchain.build import Toolchain


class Grpc(RemoteRung):
    """The usual way to another process or machine: what is sent is described in a .proto, and checked by its types.

    A unary call waits in the caller's thread; a stream is written and read by threads of gRPC's.
    """

    info: ClassVar[RungInfo] = RungInfo(
        name="grpc",
        purpose="where users outgrow one machine or one language: a service with a published interface",
        gil="released",
        checks=frozenset({"count", "type", "range", "dtype", "length", "contiguous", "writable"}),
        copies="into bytes, a message, its encoding and the socket, and the same on the other side and back",
        errno="not carried over",
        needs="the packages grpcio and grpcio-tools; a C compiler at build time, for the worker",
        native_code="grpcio's and protobuf's extension modules",
        crash="ends the worker: the call raises FarSideDied",
        variants={"prebound": ("unary", "stream"), "fresh": ("unary", "stream")},
        strategies=("per_call", "pipelined", "batched"),
        panel_group="out-of-process",
        ns_per_call=330_000,
        ns_per_byte=5.0,
        startup_s=0.15,
    )
    wide_placement: ClassVar[Placement] = "host"
    wide_variant = "unary"

    @classmethod
    def build(cls, toolchain: Toolchain) -> dict[str, Artifact]:
        require_packages()
        return {**super().build(toolchain), "messages": build_messages(toolchain)}

    @classmethod
    def _build_worker(cls, toolchain: Toolchain) -> Artifact:
        return thunk_library(toolchain, shapes_of(KERNELS.values()))

    def _connect(self) -> Client:
        require_packages()
        from ffi_spectrum.remote.grpc_channel import GrpcChannel
        from ffi_spectrum.remote.messages import Messages
        from ffi_spectrum.rungs.grpc_client import GrpcClient

        files = [self.artifacts[name].path for name in ("messages", "prototypes", "worker")]
        with private_socket_path() as path:
            worker = start_worker(path, files, self.artifacts["library"].facts["sha256"])
            channel = GrpcChannel(worker, path, Messages(files[0]), self.deadline_s)
            channel.ping()  # what connects
        return GrpcClient(channel)


def build_messages(toolchain: Toolchain) -> Artifact:
    """The service with a message for each kernel, and what it needs to know of their arguments; raises as builds do."""
    specs = [*KERNELS.values(), *(batched(kernel, 1) for kernel in KERNELS.values())]
    shapes, kernels = shapes_of(specs), toolchain.kernels(toolchain.target)
    roles = {
        spec.symbol: {a.name: Role(a.role, shapes[spec.symbol][a.name] if a.is_buffer else ()) for a in spec.arguments}
        for spec in specs
    }
    batches = {one.number: one.prototype for one in serve(kernels, shapes) if one.is_batch}
    return service_descriptors(toolchain, kernels, roles, batches)


def require_packages() -> None:
    """Raise Unavailable unless both packages can be imported, which takes 50 ms: not before they are needed."""
    for name in ("grpc", "google.protobuf"):
        try:
            import_module(name)
        except (ImportError, OSError) as error:
            raise Unavailable(f"the packages grpcio and protobuf cannot be imported ({error}): {HINT}") from None
