"""Calls through gRPC, one rpc each ("unary") or on one bidirectional stream ("stream"), as their users write them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from ffi_spectrum.case import Form, Placement
from ffi_spectrum.errors import BadArgument
from ffi_spectrum.remote.encoder import Encoder
from ffi_spectrum.remote.frame import LIMIT_NBYTES
from ffi_spectrum.remote.grpc_channel import GrpcChannel, Receive
from ffi_spectrum.remote.layout import Layout, Signature
from ffi_spectrum.remote.messages import Exchange
from ffi_spectrum.remote.window import Rest
from ffi_spectrum.rungs.base import Buffers
from ffi_spectrum.rungs.remote_rung import Call, Client

# What the requests of one window may hold together, and as much again the responses.
WINDOW_NBYTES = 4 * LIMIT_NBYTES
Fields = Iterable[tuple[str, Any]]


class Unary:
    """A kernel's messages, each the whole of what is sent or received."""

    def __init__(self, channel: GrpcChannel, exchange: Exchange) -> None:
        self._channel = channel
        self._request, self._parse = exchange.request, exchange.response.FromString
        self.run = channel.unary(exchange.method)
        self.start = channel.submitting(exchange.method)

    def encode(self, fields: Fields) -> bytes:
        """The content of a request with these fields."""
        request = self._request()
        for name, value in fields:
            setattr(request, name, value)
        content: bytes = request.SerializeToString()
        return content

    def decode(self, content: bytes) -> Any:
        """The response with that content."""
        return self._channel.parse(self._parse, content)

    def content_of(self, response: Any) -> bytes:
        """What would be received for that response."""
        content: bytes = response.SerializeToString()
        return content


class Streamed:
    """A kernel's messages in the envelopes of the stream."""

    def __init__(self, channel: GrpcChannel, exchange: Exchange) -> None:
        self._channel = channel
        self._name = exchange.name
        self._request, self._response = channel.messages.request, channel.messages.response
        self._parse = self._response.FromString

    def run(self, content: bytes) -> bytes:
        self._channel.send(content)
        return self._channel.receive()

    def start(self, content: bytes) -> Receive:
        self._channel.send(content)
        return self._channel.receive

    def encode(self, fields: Fields) -> bytes:
        """The content of a request with these fields."""
        envelope = self._request()
        request = getattr(envelope, self._name)
        request.SetInParent()  # a request without fields is one, too
        for name, value in fields:
            setattr(request, name, value)
        content: bytes = envelope.SerializeToString()
        return content

    def decode(self, content: bytes) -> Any:
        """The response with that content; raises BadArgument for a refusal."""
        return self._channel.open_envelope(self._name, self._channel.parse(self._parse, content))

    def content_of(self, response: Any) -> bytes:
        """What would be received for that response."""
        content: bytes = self._response(**{self._name: response}).SerializeToString()
        return content


class Prepared:
    """One call on buffers that are known: numbers as they are, inputs by what makes bytes of them, views of outputs.

    A message is built for each call: a field of bytes that is set again keeps the memory of the one before until the
    message goes (upb, protobuf's C library, frees a message's memory as a whole), so none can be used twice.
    """

    def __init__(self, layout: Layout, buffers: Buffers, times: int) -> None:
        known = {**layout.dims, **buffers.placed}
        self._constants: list[tuple[str, Any]] = [("times", times)] if times != 1 else []
        self._inputs: list[tuple[str, Callable[[], bytes]]] = []
        self._outputs: list[tuple[str, memoryview]] = []
        for argument in layout.signature.arguments:
            name, value = argument.name, known[argument.name]
            if argument.role == "out":
                self._outputs.append((name, memoryview(value.reshape(-1).view(np.uint8))))
            elif isinstance(value, np.ndarray):
                self._inputs.append((name, value.tobytes))
            else:
                self._constants.append((name, value))
        self._has_result = layout.signature.prototype.returns.kind != "v"

    def gather(self) -> Fields:
        """The request's fields, with the inputs' present contents."""
        return [*self._constants, *[(name, content()) for name, content in self._inputs]]

    def read(self, response: Any) -> list[bytes]:
        """The outputs, out of the response."""
        return [getattr(response, name) for name, _ in self._outputs]

    def scatter(self, contents: Iterable[bytes]) -> None:
        """Write the outputs into the caller's arrays."""
        for (_, view), content in zip(self._outputs, contents, strict=True):
            view[:] = content

    def value(self, response: Any) -> Any:
        """What the kernel returned, its outputs being written."""
        self.scatter(self.read(response))
        return response.return_value if self._has_result else None

    def answer(self, exchange: Exchange) -> Any:
        """A response like that of the last call: with the outputs' present contents."""
        response = exchange.response(**{name: bytes(view) for name, view in self._outputs})
        if self._has_result:
            response.return_value = 1
        return response

    @property
    def copies(self) -> bool:
        """True where there is a payload."""
        return bool(self._inputs or self._outputs)


class GrpcPipeline:
    """Requests that are under way, the oldest first."""

    def __init__(self, way: Unary | Streamed, prepared: Prepared) -> None:
        self._way = way
        self._prepared = prepared
        self._waiting: deque[Receive] = deque()

    def send(self, n: int) -> Rest:
        self._waiting.append(self._way.start(self._way.encode(self._prepared.gather())))
        return []  # gRPC's own threads send, so that nothing is ever left

    def send_rest(self, rest: Rest, *, may_wait: bool) -> Rest:
        return []

    def receive(self, n: int) -> Any:
        return self._prepared.value(self._way.decode(self._waiting.popleft()()))


class GrpcClient(Client):
    """See rungs/grpc.py."""

    channel: GrpcChannel

    def __init__(self, channel: GrpcChannel) -> None:
        self.channel = channel

    def prebound(self, layout: Layout, buffers: Buffers, variant: str, times: int = 1) -> Call:
        way, prepared = self._way(layout.signature, variant), Prepared(layout, buffers, times)
        encode, run, decode, gather, value = way.encode, way.run, way.decode, prepared.gather, prepared.value

        def call() -> Any:
            return value(decode(run(encode(gather()))))

        return call

    def fresh(self, signature: Signature, placement: Placement, variant: str) -> Callable[..., Any]:
        """A function that makes a message of what it is given, and fills arrays from the response's bytes."""
        way, check = self._way(signature, variant), Encoder(signature, _names).encode
        encode, run, decode = way.encode, way.run, way.decode
        numbers = [(i, a.name) for i, a in enumerate(signature.arguments) if not a.is_buffer]
        has_result = signature.prototype.returns.kind != "v"

        def call(*values: Any) -> Any:
            (inputs, outputs), _, views = check(values)
            fields = [(name, values[i]) for i, name in numbers]
            fields += [(name, views[n].tobytes()) for n, name in inputs]
            try:
                content = encode(fields)
            except (TypeError, ValueError) as error:
                raise BadArgument(f"{signature.kernel.name}: {error}") from error
            response = decode(run(content))
            for n, name in outputs:
                views[n].cast("B")[:] = getattr(response, name)
            return response.return_value if has_result else None

        return call

    def pipeline(self, layout: Layout, buffers: Buffers, variant: str, window: int) -> tuple[int, GrpcPipeline]:
        window = max(min(window, WINDOW_NBYTES // max(layout.region_nbytes, 1)), 1)
        return window, GrpcPipeline(self._way(layout.signature, variant), Prepared(layout, buffers, 1))

    def parts(self, layout: Layout, buffers: Buffers, form: Form, variant: str) -> Mapping[str, Call]:
        """ "serialise" builds and parses messages; "copy" makes bytes of the inputs, and writes the outputs from bytes.

        gRPC's own copies are not among them: they cannot be made alone.
        """
        way, prepared = self._way(layout.signature, variant), Prepared(layout, buffers, 1)
        fields = prepared.gather()
        answer = prepared.answer(self.channel.messages.exchanges[buffers.kernel.name])
        canned, contents = way.content_of(answer), prepared.read(answer)

        def serialise() -> Any:
            way.encode(fields)
            return prepared.read(way.decode(canned))

        def copy() -> None:
            prepared.gather()
            prepared.scatter(contents)

        return {"serialise": serialise, "copy": copy} if prepared.copies else {"serialise": serialise}

    def _way(self, signature: Signature, variant: str) -> Unary | Streamed:
        exchange = self.channel.messages.exchanges[signature.kernel.name]
        return Unary(self.channel, exchange) if variant == "unary" else Streamed(self.channel, exchange)


def _names(layout: Layout) -> tuple[list[tuple[int, str]], list[tuple[int, str]]]:
    """The inputs, and the outputs that are not empty: where each stands among a call's views, and its name."""
    rows = [(n, block.argument.name, block) for n, block in enumerate(layout.blocks)]
    inputs = [(n, name) for n, name, block in rows if not block.is_written]
    return inputs, [(n, name) for n, name, block in rows if block.is_written and block.nbytes]
