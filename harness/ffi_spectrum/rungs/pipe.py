"""A Python worker behind a `multiprocessing` connection: `send_bytes` and `recv_bytes` of framed requests."""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from ffi_spectrum.case import Form, Placement
from ffi_spectrum.kernels.shapes import shapes_of
from ffi_spectrum.kernels.table import KERNELS
from ffi_spectrum.remote.encoder import Encoder
from ffi_spectrum.remote.interpreter import command
from ffi_spectrum.remote.layout import Layout, Signature
from ffi_spectrum.remote.pipe_channel import Message, PipeChannel
from ffi_spectrum.remote.process import WorkerProcess
from ffi_spectrum.remote.window import Rest
from ffi_spectrum.rungs.base import Buffers, RungInfo
from ffi_spectrum.rungs.copies import copy, flat
from ffi_spectrum.rungs.remote_rung import Call, Client, RemoteRung
from ffi_spectrum.toolchain.artifact import Artifact
from ffi_spectrum.toolchain.remote import thunk_library

if TYPE_CHECKING:
    from ffi_spectrum.toolchain.build import Toolchain

WORKER = "ffi_spectrum.remote.python_worker"
# What the kernel adds to a message in a socket's buffer, roughly: sizeof(struct sk_buff) and the rounding of its data.
_MESSAGE_OVERHEAD_NBYTES = 1024


class Prepared:
    """A prebound call: its own request and answer, and what is copied between them and the caller's buffers.

    It is also the pipeline of that call (remote/window.py), as sending and receiving are separate.
    """

    def __init__(self, channel: PipeChannel, layout: Layout, values: Mapping[str, Any], times: int = 1) -> None:
        self._channel = channel
        self._message = message = Message(layout, times)
        self._unpack = layout.signature.unpack_result
        self._request, self._answer = bytearray(message.nbytes), bytearray(message.answer_nbytes)
        head = message.header + layout.pack_slots(values)
        self._request[: len(head)] = head
        self._answer[: len(message.expected)] = message.expected
        region, answer = memoryview(self._request)[len(message.header) :], memoryview(self._answer)
        self.before = [(region[b.offset : b.end], flat(values[b.argument.name])) for b in layout.inputs if b.nbytes]
        places = zip(layout.outputs, message.outputs, strict=True)
        self.after = [(flat(values[b.argument.name]), answer[place]) for b, place in places if b.nbytes]

    def __call__(self) -> Any:
        copy(self.before)
        self._channel.exchange_into(self._request, self._answer, self._message)
        copy(self.after)
        return self._unpack(self._answer)

    def send(self, n: int) -> Rest:
        """Send the call, however long that takes."""
        copy(self.before)
        self._channel.send(self._request)
        return []

    def send_rest(self, rest: Rest, *, may_wait: bool) -> Rest:
        return rest  # there never is one

    def receive(self, n: int) -> Any:
        self._channel.receive_into(self._answer, self._message)
        copy(self.after)
        return self._unpack(self._answer)

    def serialise(self) -> Any:
        """What is left of the call where nothing is copied or sent: the result of the last answer."""
        return self._unpack(self._answer)


class PipeClient(Client):
    """Calls over a PipeChannel."""

    channel: PipeChannel

    def __init__(self, channel: PipeChannel) -> None:
        self.channel = channel

    def prebound(self, layout: Layout, buffers: Buffers, variant: str, times: int = 1) -> Call:
        return Prepared(self.channel, layout, buffers.placed, times)

    def fresh(self, signature: Signature, placement: Placement, variant: str) -> Callable[..., Any]:
        encode, unpack, channel = Encoder(signature, Message).encode, signature.unpack_result, self.channel

        def call(*arguments: Any) -> Any:
            message, slots, views = encode(arguments)
            answer = channel.exchange(message.join(slots, views), message)
            _write_outputs(message, views, answer)
            return unpack(answer)

        return call

    def pipeline(self, layout: Layout, buffers: Buffers, variant: str, window: int) -> tuple[int, Prepared]:
        """No more calls at once than have room for their answers, as sending always waits.

        A worker that waits for its answers to be read would read no more requests.
        """
        each = 2 * (Message(layout).answer_nbytes + _MESSAGE_OVERHEAD_NBYTES)
        window = max(min(window, self.channel.send_buffer_nbytes // each), 1)
        return window, Prepared(self.channel, layout, buffers.placed)

    def parts(self, layout: Layout, buffers: Buffers, form: Form, variant: str) -> Mapping[str, Call]:
        prepared = Prepared(self.channel, layout, buffers.placed)
        if form == "prebound" and not buffers.kernel.is_scalar:
            return {"serialise": prepared.serialise, "copy": partial(copy, [*prepared.before, *prepared.after])}
        encode, unpack, known = Encoder(layout.signature, Message).encode, layout.signature.unpack_result, layout.dims
        arguments = [{**known, **buffers.placed}[argument.name] for argument in layout.signature.arguments]
        answer = bytes(Message(layout).answer_nbytes)

        def serialise() -> Any:
            message, slots, views = encode(arguments)
            message.join(slots, views)
            _write_outputs(message, views, answer)
            return unpack(answer)

        return {"serialise": serialise}


def _write_outputs(message: Message, views: list[memoryview], answer: bytes) -> None:
    content = memoryview(answer)
    for view, place in zip(views[len(message.paddings) :], message.outputs, strict=True):
        if view.nbytes:
            view.cast("B")[:] = content[place]


class Pipe(RemoteRung):
    """`multiprocessing.connection.Connection` to a Python process, which calls the kernels through ctypes."""

    info: ClassVar[RungInfo] = RungInfo(
        name="pipe",
        purpose="the standard library's way to another process, with bytes instead of pickles",
        gil="released",
        checks=frozenset({"count", "type", "range", "dtype", "length", "contiguous", "writable"}),
        copies="into a message and out of one on both sides, and into and out of the socket",
        errno="not carried over",
        needs="nothing beyond CPython",
        native_code="none",
        crash="ends the worker: the call raises FarSideDied",
        strategies=("per_call", "pipelined", "batched"),
        panel_group="out-of-process",
        ns_per_call=80_000,
        ns_per_byte=1.6,
        startup_s=0.08,
    )
    wide_placement: ClassVar[Placement] = "host"

    @classmethod
    def _build_worker(cls, toolchain: Toolchain) -> Artifact:
        return thunk_library(toolchain, shapes_of(KERNELS.values()))

    def _connect(self) -> PipeClient:
        ours, theirs = socket.socketpair()
        for end in (ours, theirs):
            end.setblocking(True)  # whatever socket.setdefaulttimeout says
        fd = theirs.detach()
        try:
            worker = WorkerProcess(
                command(WORKER, "-S", "-I"), [str(fd), str(self.artifacts["worker"].path)],
                self.artifacts["library"].facts["sha256"], given_fds=[fd],
            )  # fmt: skip
        except BaseException:
            ours.close()
            raise
        return PipeClient(PipeChannel(worker, ours.detach(), self.deadline_s))
