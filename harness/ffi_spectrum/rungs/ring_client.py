"""Calls over a RingChannel, with the payload in the memory that the ring lies in."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from ffi_spectrum.case import Form, Placement
from ffi_spectrum.remote import frame
from ffi_spectrum.remote.encoder import Encoder
from ffi_spectrum.remote.layout import Layout, Signature
from ffi_spectrum.remote.process import WorkerProcess
from ffi_spectrum.remote.ring_channel import ENTRIES, HEAD, RESPONSES, RING_NBYTES, RingChannel, lay_out
from ffi_spectrum.remote.window import Rest
from ffi_spectrum.rungs.base import Buffers
from ffi_spectrum.rungs.copies import Copies, Rooms, copies_of, copy, flat, rooms_of
from ffi_spectrum.rungs.far_lists import RequestedLists
from ffi_spectrum.rungs.remote_rung import Call, Client
from ffi_spectrum.rungs.ring import start_worker
from ffi_spectrum.rungs.sealed_memory import MEMORY_NBYTES, SealedMemory
from ffi_spectrum.toolchain.artifact import Artifact

# How much of the shared memory the window of one pipelined call may fill.
WINDOW_NBYTES = frame.LIMIT_NBYTES


class Step:
    """A prepared call: a request, and what is copied into shared memory before it and out of it behind it."""

    __slots__ = ("after", "before", "body")

    def __init__(self, body: bytes, before: Copies = (), after: Copies = ()) -> None:
        self.body, self.before, self.after = body, before, after


class RingPipeline:
    """Prepared calls that take turns; each must have been answered before its next turn."""

    def __init__(self, channel: RingChannel, steps: Sequence[Step], unpack: Callable[[int], Any]) -> None:
        self._channel, self._steps, self._unpack = channel, steps, unpack
        self._tickets: deque[int] = deque()

    def send(self, n: int) -> Rest:
        step = self._steps[n % len(self._steps)]
        copy(step.before)
        self._tickets.append(self._channel.send(step.body))
        return []

    def send_rest(self, rest: Rest, *, may_wait: bool) -> Rest:
        return []  # a window is never larger than the ring

    def receive(self, n: int) -> Any:
        at = self._channel.receive(self._tickets[0])
        self._tickets.popleft()
        copy(self._steps[n % len(self._steps)].after)
        return self._unpack(at)


class RingClient(Client):
    """Calls over a RingChannel, with the payload in the memory of the ring."""

    channel: RingChannel
    memory: SealedMemory

    def __init__(self, channel: RingChannel, memory: SealedMemory) -> None:
        self.channel = channel
        self.memory = memory
        self.lists = RequestedLists(channel, memory, partial(_prepare, channel))

    def prebound(self, layout: Layout, buffers: Buffers, variant: str, times: int = 1) -> Call:
        room = self._room(buffers, layout.region_nbytes)
        step, unpack = self._step(layout, buffers, room, times), self._unpacker(layout.signature)
        run, body, before, after = self.channel.exchange, step.body, step.before, step.after

        def call() -> Any:
            copy(before)
            at = run(body)
            copy(after)
            return unpack(at)

        return call

    def fresh(self, signature: Signature, placement: Placement, variant: str) -> Callable[..., Any]:
        encode, run = Encoder(signature, self._staging, RING_NBYTES).encode, self.channel.exchange
        offset_of = self.memory.offset_of if placement == "shared" else None
        unpack, head = self._unpacker(signature), _head(signature)

        def call(*arguments: Any) -> Any:
            (inputs, outputs), slots, views = encode(arguments, offset_of)
            if offset_of is not None:
                return unpack(run(head + slots))
            for room, number in inputs:
                room[:] = flat(views[number])
            at = run(head + slots)
            for room, number in outputs:
                flat(views[number])[:] = room
            return unpack(at)

        return call

    def pipeline(self, layout: Layout, buffers: Buffers, variant: str, window: int) -> tuple[int, RingPipeline]:
        stride = frame.padded(layout.region_nbytes)
        window = max(min(window, ENTRIES, WINDOW_NBYTES // max(stride, 1)), 1)
        room = self._room(buffers, window * stride)
        steps = [self._step(layout, buffers, room and room[i * stride :]) for i in range(window)]
        return window, RingPipeline(self.channel, steps, self._unpacker(layout.signature))

    def parts(self, layout: Layout, buffers: Buffers, form: Form, variant: str) -> Mapping[str, Call]:
        room = self._room(buffers, layout.region_nbytes)
        step, unpack = self._step(layout, buffers, room), self._unpacker(layout.signature)
        request, answer_at = memoryview(bytearray(len(step.body))), RESPONSES + 8
        encode, head = Encoder(layout.signature, self._staging, RING_NBYTES).encode, _head(layout.signature)
        offset_of = self.memory.offset_of if buffers.placement == "shared" else None
        known = {**layout.dims, **buffers.placed}
        arguments = [known[argument.name] for argument in layout.signature.arguments]

        def prebound() -> Any:
            request[:] = step.body
            return unpack(answer_at)

        def fresh() -> Any:
            _, slots, _ = encode(arguments, offset_of)
            request[:] = head + slots
            return unpack(answer_at)

        found: dict[str, Call] = {"serialise": fresh if form == "fresh" or buffers.kernel.is_scalar else prebound}
        if step.before or step.after:
            found["copy"] = partial(copy, [*step.before, *step.after])
        return found

    def _unpacker(self, signature: Signature) -> Callable[[int], Any]:
        return partial(signature.unpack_result, self.memory.bytes)

    def _room(self, buffers: Buffers, nbytes: int) -> memoryview | None:
        """Room of the call's own in the arena, None where its buffers need none."""
        if buffers.placement != "host":
            return None
        return flat(self.memory.array((nbytes,), "uint8"))

    def _step(self, layout: Layout, buffers: Buffers, room: memoryview | None, times: int = 1) -> Step:
        """The prepared call on `buffers`, which lie in the arena already, or are copied into `room` and out of it."""
        head, placed = _head(layout.signature, times), buffers.placed
        if room is None:
            offsets = {b.argument.name: self.memory.offset_of(placed[b.argument.name]) for b in layout.blocks}
            return Step(head + layout.pack_slots(placed, offsets))
        start = self.memory.address_of(np.frombuffer(room, np.uint8))
        slots = layout.pack_slots(placed, {b.argument.name: start + b.offset for b in layout.blocks})
        return Step(head + slots, *copies_of(layout, room, placed))

    def _staging(self, layout: Layout) -> tuple[Rooms, Rooms]:
        """For a call of this layout: where in the staging room each of the inputs and outputs lies."""
        return rooms_of(layout, self.memory.bytes[RING_NBYTES:])


def _head(signature: Signature, times: int = 1) -> bytes:
    return HEAD.pack(signature.index, frame.CALL, 0, times)


def _prepare(channel: RingChannel, header: frame.Header) -> Call:
    return partial(channel.exchange, HEAD.pack(header.kernel, header.op, 0, header.times))


def connect(artifacts: Mapping[str, Artifact], deadline_s: float, first: int = 0) -> RingClient:
    """A client with a worker of its own, which both count their requests from `first`."""
    memory = SealedMemory(RING_NBYTES + frame.LIMIT_NBYTES)

    def start(eventfds: Sequence[int]) -> WorkerProcess:
        return start_worker(artifacts, memory.fd, MEMORY_NBYTES, eventfds)

    return RingClient(open_channel(memory, start, deadline_s, first), memory)


def open_channel(
    memory: SealedMemory, start: Callable[[Sequence[int]], WorkerProcess], deadline_s: float, first: int = 0
) -> RingChannel:
    """A ring at the beginning of `memory`, with the worker that `start` starts for its two eventfds."""
    lay_out(memory.bytes, first)
    eventfds = [os.eventfd(0, os.EFD_CLOEXEC) for _ in range(2)]
    try:
        worker = start(eventfds)
    except BaseException:
        for fd in eventfds:
            os.close(fd)
        raise
    return RingChannel(worker, memory.bytes, eventfds, deadline_s)
