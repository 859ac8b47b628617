"""A kernel behind an rpc: the message's fields go into a region, the thunk runs on it, and the outputs go back."""

from __future__ import annotations

import struct
import threading
from collections.abc import Mapping
from functools import lru_cache
from math import prod
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from ffi_spectrum.errors import BadArgument
from ffi_spectrum.remote import frame
from ffi_spectrum.remote.messages import Exchange
from ffi_spectrum.remote.slot import slot_format
from ffi_spectrum.remote.thunks import FarKernels, Thunks
from ffi_spectrum.toolchain.header import Prototype, parse_type
from ffi_spectrum.toolchain.proto import Role

LAYOUTS_KEPT = 64


class Span(NamedTuple):
    """A buffer in the region."""

    name: str
    offset: int
    nbytes: int


class Layout(NamedTuple):
    """A region: slots, inputs and outputs, each aligned as in every other transport; `offsets` are by name."""

    inputs: tuple[Span, ...]
    outputs: tuple[Span, ...]
    offsets: dict[str, int]
    nbytes: int


class Own(Protocol):
    """Whoever asks finds the kernels that it may call."""

    @property
    def thunks(self) -> FarKernels: ...


class OwnThunks(threading.local):
    """The thunks of each thread that asks: every one has its own region."""

    def __init__(self, path: Path) -> None:
        self.thunks = Thunks(path)


class RemoteKernel:
    """One kernel, called with a request message and a response message to fill."""

    def __init__(self, exchange: Exchange, prototype: Prototype, roles: Mapping[str, Role], own: Own) -> None:
        self.exchange = exchange
        self._own = own
        self._parameters = prototype.parameters
        self._roles = roles
        self._slots = struct.Struct("<" + "".join(slot_format(p.type) for p in prototype.parameters))
        self._result = struct.Struct("<" + slot_format(prototype.returns))
        self._has_result = prototype.returns.kind != "v"
        self._lengths = [p.name for p in prototype.parameters if roles[p.name].role == "length"]
        dimensions = {text for role in roles.values() for text in role.dimensions}
        self._dimensions = {text: compile(text, exchange.name, "eval") for text in sorted(dimensions)}
        self._lay = lru_cache(LAYOUTS_KEPT)(self._make_layout)

    def run(self, request: Any, response: Any) -> None:
        """Call the kernel with the request's fields; raises BadArgument for fields that do not fit together."""
        layout = self._lay(*[getattr(request, name) for name in self._lengths])
        thunks = self._own.thunks
        region = thunks.region
        for name, offset, nbytes in layout.inputs:
            content = getattr(request, name)
            if len(content) != nbytes:
                raise BadArgument(f"{self.exchange.name}.{name}: {len(content)} bytes, and the lengths say {nbytes}")
            region[offset : offset + nbytes] = content
        self._pack_slots(request, layout, region)
        times = request.times if request.HasField("times") else 1
        status = thunks.call(self.exchange.index, times, layout.nbytes)
        if status != frame.OK:
            raise frame.refusal(status)
        if self._has_result:
            (response.return_value,) = self._result.unpack(thunks.result.to_bytes(8, "little"))
        for name, offset, nbytes in layout.outputs:
            setattr(response, name, bytes(region[offset : offset + nbytes]))

    def _pack_slots(self, request: Any, layout: Layout, region: memoryview) -> None:
        places = layout.offsets
        values = [places[p.name] if p.name in places else getattr(request, p.name) for p in self._parameters]
        try:
            self._slots.pack_into(region, 0, *values)
        except struct.error as error:  # of a type that protobuf has in 32 bits only
            raise BadArgument(f"{self.exchange.name}: {error}") from error

    def _make_layout(self, *lengths: int) -> Layout:
        if any(length < 0 for length in lengths):
            raise BadArgument(f"{self.exchange.name}: a negative length in {lengths}")
        known = dict(zip(self._lengths, lengths, strict=True))
        counts = {text: eval(code, {}, known) for text, code in self._dimensions.items()}
        offsets: dict[str, int] = {}
        inputs, end = self._lay_role("in", frame.padded(self._slots.size), counts, offsets)
        outputs, end = self._lay_role("out", end, counts, offsets)
        if end > frame.LIMIT_NBYTES:
            raise BadArgument(f"{self.exchange.name}: {end} bytes of arguments, and the limit is {frame.LIMIT_NBYTES}")
        return Layout(inputs, outputs, offsets, end)

    def _lay_role(
        self, role: str, start: int, counts: Mapping[str, int], offsets: dict[str, int]
    ) -> tuple[tuple[Span, ...], int]:
        spans = []
        for parameter in self._parameters:
            if self._roles[parameter.name].role == role:
                width = parse_type(parameter.type.pointee, 8).nbytes
                nbytes = width * prod(counts[text] for text in self._roles[parameter.name].dimensions)
                spans.append(Span(parameter.name, start, nbytes))
                offsets[parameter.name] = start
                start = frame.padded(start + nbytes)
        return tuple(spans), start
