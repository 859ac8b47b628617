"""Calls through gRPC on buffers that the worker's device can reach: frames without a payload instead of messages."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from ffi_spectrum.case import Form
from ffi_spectrum.remote import frame
from ffi_spectrum.remote.grpc_channel import GrpcChannel
from ffi_spectrum.remote.layout import Layout, Signature
from ffi_spectrum.remote.messages import FRAME, Messages
from ffi_spectrum.remote.process import WorkerProcess
from ffi_spectrum.rungs.base import Buffers
from ffi_spectrum.rungs.device_memory import DeviceMemory
from ffi_spectrum.rungs.grpc_client import GrpcClient, Unary
from ffi_spectrum.rungs.remote_rung import Call


class DeviceGrpcChannel(GrpcChannel):
    """The service of a worker that owns a device."""

    def __init__(self, worker: WorkerProcess, path: Path, messages: Messages, deadline_s: float) -> None:
        super().__init__(worker, path, messages, deadline_s)
        self._frame = self.unary(FRAME)

    def exchange(self, content: bytes, expected: frame.Header) -> bytes:
        """The answer to a frame; its header is `expected`."""
        answer = self._frame(content)
        if not answer.startswith(expected.pack()):
            self.refuse(answer, expected)
        return answer

    def request(self, header: frame.Header, body: bytes = b"") -> bytes:
        if header.op != frame.COPY:
            return super().request(header)
        expected = header._replace(nbytes=frame.ALIGNMENT)
        return self.exchange(header.pack() + body, expected)[frame.HEADER.size :]


class DeviceGrpcClient(GrpcClient):
    """See rungs/device_grpc.py."""

    channel: DeviceGrpcChannel
    memory: DeviceMemory

    def __init__(self, channel: DeviceGrpcChannel, memory: DeviceMemory) -> None:
        super().__init__(channel)
        self.memory = memory

    def prebound(self, layout: Layout, buffers: Buffers, variant: str, times: int = 1) -> Call:
        if buffers.placement not in ("shared", "device"):
            return super().prebound(layout, buffers, variant, times)
        placed, request = buffers.placed, layout.request(frame.CALL_SHARED, times)
        offsets = {b.argument.name: self.memory.offset_of(placed[b.argument.name]) for b in layout.blocks}
        content, expected = request.pack() + layout.pack_slots(placed, offsets), layout.answer(request)
        exchange, unpack = self.channel.exchange, layout.signature.unpack_result

        def call() -> Any:
            return unpack(exchange(content, expected))

        return call

    def _way(self, signature: Signature, variant: str) -> Unary:
        """Never a stream, which would keep the worker's only thread for itself."""
        return Unary(self.channel, self.channel.messages.exchanges[signature.kernel.name])

    def parts(self, layout: Layout, buffers: Buffers, form: Form, variant: str) -> Mapping[str, Call]:
        if buffers.placement not in ("shared", "device"):
            return super().parts(layout, buffers, form, variant)
        answer = bytes(frame.HEADER.size + frame.ALIGNMENT)
        return {"serialise": partial(layout.signature.unpack_result, answer)}
