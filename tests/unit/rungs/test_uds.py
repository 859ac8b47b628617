"""What is particular to `uds`: where payloads lie, and memory that both processes have mapped."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from ffi_spectrum.case import Placement
from ffi_spectrum.errors import BadArgument, CallError
from ffi_spectrum.rungs.base import BoundCall
from ffi_spectrum.rungs.sealed_memory import MEMORY_NBYTES, SealedMemory, SharedArena

from ..remote.processes import descriptors_of
from .remote_rungs import opened, placed, value_of

pytestmark = pytest.mark.timeout(60)


@pytest.mark.parametrize("form", ["prebound", "fresh"])
@pytest.mark.parametrize(("variant", "placement"), [("frame", "host"), ("memfd", "host"), ("memfd", "shared")])
def test_each_call_reads_the_buffers_anew(variant: str, placement: Placement, form: str) -> None:
    with opened("uds") as rung:
        buffers = placed(rung, "relu", 100, placement)
        bound = rung.bind(buffers, "fresh" if form == "fresh" else "prebound", variant)
        for value in (1.0, -1.0, 2.5):
            buffers.placed["x"][:] = value
            value_of(bound)
            assert set(rung.fetch(buffers)["out"].tolist()) == {max(value, 0.0)}


def test_shared_buffers_lie_in_the_memory_of_both() -> None:
    """Nothing is copied: what the worker wrote stands in the array that was placed."""
    with opened("uds") as rung:
        buffers = placed(rung, "relu", 100, "shared")
        memory = rung.link.memory
        assert isinstance(memory, SealedMemory)
        offsets = [memory.offset_of(buffers.placed[name]) for name in ("x", "out")]
        assert all(offset % 64 == 0 for offset in offsets)
        value_of(rung.bind(buffers, "prebound", "memfd"))
        at = offsets[1]
        assert bytes(memory.bytes[at : at + 400]) == buffers.placed["out"].tobytes()
        fetched = rung.fetch(buffers)["out"]
        assert not np.shares_memory(fetched, buffers.placed["out"])


def test_an_array_that_is_elsewhere_is_refused() -> None:
    with opened("uds") as rung:
        fresh = rung.bind(placed(rung, "relu", 100, "shared"), "fresh", "memfd")
        for wrong in (np.zeros(100, np.float32), bytearray(400)):
            with pytest.raises(BadArgument, match=r"relu|shared with the worker"):
                value_of(BoundCall(fresh.call, {**fresh.names, "x": wrong}))
        value_of(fresh)


def test_a_frame_may_carry_buffers_of_any_kind() -> None:
    """Whatever has the buffer protocol, and is as long as the call says; the client keeps none of it."""
    with opened("uds") as rung:
        encode = rung.bind(placed(rung, "base64_encode", 5), "fresh", "frame").names["base64_encode"]
        for data in (b"hello", bytearray(b"hello"), memoryview(b"hello"), np.frombuffer(b"hello", np.uint8)):
            out = bytearray(8)
            assert encode(data, 5, out) == 8
            assert out == b"aGVsbG8="
            out.extend(b"it can be resized: nobody exports it")


def test_the_memory_is_sealed_and_its_descriptor_goes() -> None:
    memory = SealedMemory()
    for nbytes in (0, MEMORY_NBYTES - 1, MEMORY_NBYTES + 1):
        with pytest.raises(PermissionError):
            os.ftruncate(memory.fd, nbytes)
    os.close(memory.fd)
    with opened("uds") as rung:
        held = descriptors_of(rung.worker_pid() or 0).values()
        assert not [text for text in held if "memfd" in text]
        assert "memfd:ffi-spectrum" in Path(f"/proc/{rung.worker_pid()}/maps").read_text()


def test_memory_that_is_full() -> None:
    arena = SharedArena(64, 1024)
    first = arena.take(1000)
    with pytest.raises(CallError, match="shared with the worker: use a smaller size"):
        arena.take(1)
    arena.release(first)
    assert arena.take(1024) == first == 64
