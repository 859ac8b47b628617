"""A C worker behind a Unix socket: framed requests, the payload in the frame or in memory that both have mapped."""

from __future__ import annotations

from typing import ClassVar

from ffi_spectrum.remote.process import WorkerProcess
from ffi_spectrum.remote.socket_channel import SocketChannel
from ffi_spectrum.remote.socket_path import private_socket_path
from ffi_spectrum.rungs.base import RungInfo
from ffi_spectrum.rungs.remote_rung import RemoteRung
from ffi_spectrum.rungs.sealed_memory import MEMORY_NBYTES, SealedMemory
from ffi_spectrum.rungs.socket_client import SocketClient


class Uds(RemoteRung):
    """Requests through a Unix socket: `frame` carries the payload, `memfd` where in shared memory it lies."""

    info: ClassVar[RungInfo] = RungInfo(
        name="uds",
        purpose="a crash on the far side must not end the caller; any language can speak to the socket",
        gil="released",
        checks=frozenset({"count", "type", "range", "dtype", "length", "contiguous", "writable"}),
        copies="frame: into and out of the socket, on both sides; memfd: in and out once, none where it is placed",
        errno="not carried over",
        needs="a C compiler at build time, for the worker",
        native_code="none",
        crash="ends the worker: the call raises FarSideDied",
        cells=(("prebound", "host"), ("prebound", "shared"), ("fresh", "host"), ("fresh", "shared")),
        variants={"prebound": ("frame", "memfd"), "fresh": ("frame", "memfd")},
        strategies=("per_call", "pipelined", "batched", "replayed"),
        panel_group="out-of-process",
        ns_per_call=50_000,
        ns_per_byte=0.4,
        startup_s=0.03,
    )
    shared_variants = frozenset({"memfd"})
    wide_variant = "memfd"

    def _connect(self) -> SocketClient:
        with private_socket_path() as path:
            memory = SealedMemory()
            worker = WorkerProcess(
                [str(self.artifacts["worker"].path)], ["uds", str(path), str(memory.fd), str(MEMORY_NBYTES)],
                self.artifacts["library"].facts["sha256"], given_fds=[memory.fd],
            )  # fmt: skip
            return SocketClient(SocketChannel(worker, path, self.deadline_s), memory)
