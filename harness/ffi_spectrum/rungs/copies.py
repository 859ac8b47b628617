"""Copies between a caller's buffers and memory of a transport's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ffi_spectrum.remote.layout import Layout

# (to, from): views of bytes, of equal length
Copies = Sequence[tuple[memoryview, memoryview]]
# Parts of a room, and the numbers of the buffers that go there
Rooms = list[tuple[memoryview, int]]


def copy(copies: Copies) -> None:
    for to, source in copies:
        to[:] = source


def flat(value: Any) -> memoryview:
    """The bytes of a buffer, which must not be empty."""
    return memoryview(value).cast("B")


def copies_of(layout: Layout, room: memoryview, placed: Mapping[str, Any]) -> tuple[Copies, Copies]:
    """The copies of a call's buffers into a room that is laid out for it, and of its outputs back."""
    rooms = [(b, room[b.offset : b.end], flat(placed[b.argument.name])) for b in layout.blocks if b.nbytes]
    before = [(inside, value) for block, inside, value in rooms if not block.is_written]
    after = [(value, inside) for block, inside, value in rooms if block.is_written]
    return before, after


def rooms_of(layout: Layout, room: memoryview) -> tuple[Rooms, Rooms]:
    """Where in a room that is laid out for the call each of its inputs and outputs lies."""
    rooms = [(room[b.offset : b.end], n, b.is_written) for n, b in enumerate(layout.blocks) if b.nbytes]
    inputs = [(inside, number) for inside, number, is_written in rooms if not is_written]
    outputs = [(inside, number) for inside, number, is_written in rooms if is_written]
    return inputs, outputs
