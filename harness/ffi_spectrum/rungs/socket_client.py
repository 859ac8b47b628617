"""Calls over a SocketChannel, with the payload in the frame ("frame") or in shared memory ("memfd")."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from ffi_spectrum.case import Form, Placement
from ffi_spectrum.remote import frame
from ffi_spectrum.remote.encoder import Encoder
from ffi_spectrum.remote.layout import Layout, Signature
from ffi_spectrum.remote.socket_channel import Bare, Exchange, SocketChannel
from ffi_spectrum.remote.window import Rest
from ffi_spectrum.rungs.base import Buffers
from ffi_spectrum.rungs.copies import Copies, Rooms, copies_of, copy, flat, rooms_of
from ffi_spectrum.rungs.far_lists import RequestedLists
from ffi_spectrum.rungs.remote_rung import Call, Client
from ffi_spectrum.rungs.sealed_memory import SealedMemory

# How much of the shared memory the window of one pipelined call may fill.
WINDOW_NBYTES = frame.LIMIT_NBYTES


class Step:
    """A prepared call: an exchange, and what is copied into shared memory before it and out of it behind it."""

    __slots__ = ("after", "before", "exchange")

    def __init__(self, exchange: Exchange, before: Copies = (), after: Copies = ()) -> None:
        self.exchange, self.before, self.after = exchange, before, after


class SocketPipeline:
    """Prepared calls that take turns; each must have been answered before its next turn."""

    def __init__(self, channel: SocketChannel, steps: Sequence[Step]) -> None:
        self._channel = channel
        self._steps = steps

    def send(self, n: int) -> Rest:
        step = self._steps[n % len(self._steps)]
        copy(step.before)
        return self._channel.try_send(step.exchange.parts, step.exchange.nbytes)

    def send_rest(self, rest: Rest, *, may_wait: bool) -> Rest:
        if not may_wait:
            return self._channel.try_send(rest)
        self._channel.send_all(rest)
        return []

    def receive(self, n: int) -> Any:
        step = self._steps[n % len(self._steps)]
        value = self._channel.receive(step.exchange)
        copy(step.after)
        return value


class SocketClient(Client):
    """See rungs/uds.py."""

    channel: SocketChannel
    memory: SealedMemory

    def __init__(self, channel: SocketChannel, memory: SealedMemory) -> None:
        self.channel = channel
        self.memory = memory
        self.lists = RequestedLists(channel, memory, partial(_prepare, channel))

    def prebound(self, layout: Layout, buffers: Buffers, variant: str, times: int = 1) -> Call:
        step = self._step(layout, buffers, variant, times)
        run, exchange, before, after = self.channel.exchange, step.exchange, step.before, step.after
        if not before and not after:
            return partial(run, exchange)

        def call() -> Any:
            copy(before)
            value = run(exchange)
            copy(after)
            return value

        return call

    def fresh(self, signature: Signature, placement: Placement, variant: str) -> Callable[..., Any]:
        if variant == "frame":
            return self._fresh_frame(signature)
        return self._fresh_shared(signature) if placement == "shared" else self._fresh_staged(signature)

    def pipeline(self, layout: Layout, buffers: Buffers, variant: str, window: int) -> tuple[int, SocketPipeline]:
        if variant == "frame":
            return window, SocketPipeline(self.channel, [self._step(layout, buffers, variant)])
        room_nbytes = frame.padded(max(layout.region_nbytes, 1))
        window = max(min(window, WINDOW_NBYTES // room_nbytes), 1)
        rooms = self.memory.array((window, room_nbytes), "uint8")
        return window, SocketPipeline(self.channel, [self._step(layout, buffers, variant, room=room) for room in rooms])

    def parts(self, layout: Layout, buffers: Buffers, form: Form, variant: str) -> Mapping[str, Call]:
        """ "copy" is what goes through the shared memory: a payload in the frame is copied by the kernel's socket."""
        step = self._step(layout, buffers, variant)
        exchange, encode = step.exchange, Encoder(layout.signature, _plan(variant)).encode
        exchange.head[: len(exchange.expected)] = exchange.expected
        known = {**layout.dims, **buffers.placed}
        arguments = [known[argument.name] for argument in layout.signature.arguments]
        offset_of = self.memory.offset_of if buffers.placement == "shared" else None

        def fresh() -> Any:
            _, slots, views = encode(arguments, offset_of)
            exchange.fill(slots, views if variant == "frame" else ())
            return exchange.value()

        is_fresh = form == "fresh" or buffers.kernel.is_scalar
        found: dict[str, Call] = {"serialise": fresh if is_fresh else exchange.value}
        if step.before or step.after:
            found["copy"] = partial(copy, [*step.before, *step.after])
        return found

    def _step(self, layout: Layout, buffers: Buffers, variant: str, times: int = 1, room: Any = None) -> Step:
        """The prepared call on `buffers`: with views of them, or with a room (else of its own) in the shared memory."""
        placed = buffers.placed
        if variant == "frame":
            exchange = Exchange(layout, frame.CALL, times)
            exchange.fill(layout.pack_slots(placed), [memoryview(placed[b.argument.name]) for b in layout.blocks])
            return Step(exchange)
        exchange = Exchange(layout, frame.CALL_SHARED, times)
        if buffers.placement != "host":
            offsets = {b.argument.name: self.memory.offset_of(placed[b.argument.name]) for b in layout.blocks}
            exchange.fill(layout.pack_slots(placed, offsets))
            return Step(exchange)
        if room is None:
            room = self.memory.array((layout.region_nbytes,), "uint8")
        start = self.memory.address_of(room)
        exchange.fill(layout.pack_slots(placed, {b.argument.name: start + b.offset for b in layout.blocks}))
        return Step(exchange, *copies_of(layout, flat(room), placed))

    def _fresh_frame(self, signature: Signature) -> Callable[..., Any]:
        encode, run = Encoder(signature, Exchange).encode, self.channel.exchange

        def call(*arguments: Any) -> Any:
            exchange, slots, views = encode(arguments)
            exchange.fill(slots, views)
            try:
                return run(exchange)
            finally:
                exchange.fill(b"")  # or it would hold the caller's buffers

        return call

    def _fresh_shared(self, signature: Signature) -> Callable[..., Any]:
        encode, run = Encoder(signature, _shared_exchange).encode, self.channel.exchange
        offset_of = self.memory.offset_of

        def call(*arguments: Any) -> Any:
            exchange, slots, _ = encode(arguments, offset_of)
            exchange.fill(slots)
            return run(exchange)

        return call

    def _fresh_staged(self, signature: Signature) -> Callable[..., Any]:
        """Copies through the staging room, which is every such call's in turn."""
        encode, run = Encoder(signature, self._staging).encode, self.channel.exchange

        def call(*arguments: Any) -> Any:
            (exchange, inputs, outputs), slots, views = encode(arguments)
            exchange.fill(slots)
            for room, number in inputs:
                room[:] = flat(views[number])
            value = run(exchange)
            for room, number in outputs:
                flat(views[number])[:] = room
            return value

        return call

    def _staging(self, layout: Layout) -> tuple[Exchange, Rooms, Rooms]:
        """For a call of this layout: where in the staging room each of the inputs and outputs lies."""
        return _shared_exchange(layout), *rooms_of(layout, self.memory.bytes)


def _prepare(channel: SocketChannel, header: frame.Header) -> Call:
    return partial(channel.exchange, Bare(header))


def _shared_exchange(layout: Layout) -> Exchange:
    return Exchange(layout, frame.CALL_SHARED)


def _plan(variant: str) -> Callable[[Layout], Exchange]:
    return Exchange if variant == "frame" else _shared_exchange
