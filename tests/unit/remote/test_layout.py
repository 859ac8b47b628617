"""Regions: nothing overlaps, everything is aligned, and slots say what the C side reads."""

from __future__ import annotations

import math
import struct
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given

from ffi_spectrum.errors import BadArgument, Unavailable
from ffi_spectrum.kernels.table import KERNELS
from ffi_spectrum.remote import frame
from ffi_spectrum.remote.layout import Layout, Signature
from ffi_spectrum.toolchain.header import Parameter, Prototype, parse_type

from .signatures import signatures

LIMIT = 64 * 2**20


@given(st.sampled_from(sorted(KERNELS)), st.integers(0, 5000))
def test_every_region(name: str, size: int) -> None:
    kernel, dims = KERNELS[name], KERNELS[name].dims(size)
    layout = Layout(signatures()[name], dims)
    ends = [8 * len(layout.signature.arguments)]
    for block in layout.blocks:
        assert block.offset % 64 == 0
        assert block.offset - ends[-1] == -ends[-1] % 64, "no room is wasted, and none is used twice"
        ends.append(block.end)
        assert block.is_written == (block.argument.role == "out")
    assert [block.argument.name for block in layout.inputs] == [a.name for a in kernel.buffers if a.role == "in"]
    assert sum(block.nbytes for block in layout.blocks) == kernel.nbytes(dims)
    assert layout.inputs_end % 64 == 0
    assert layout.region_nbytes in (ends[-1], layout.inputs_end)
    request = layout.request()
    assert (request.nbytes, request.region_nbytes) == (layout.inputs_end, layout.region_nbytes)
    assert layout.answer(request).nbytes == 64 + layout.region_nbytes - layout.inputs_end


def test_pinned_region() -> None:
    """saxpy with 20 elements: five slots; x and y of 80 bytes; out."""
    layout = Layout(signatures()["saxpy"], {"size": 20})
    assert [(b.argument.name, b.position, b.element, b.offset, b.nbytes) for b in layout.blocks] == [
        ("x", 1, "f", 64, 80),
        ("y", 2, "f", 192, 80),
        ("out", 3, "f", 320, 80),
    ]
    assert (layout.inputs_end, layout.region_nbytes) == (320, 400)
    slots = layout.pack_slots({"a": 2.5})
    assert struct.unpack("<fxxxxQQQIxxxx24x", slots) == (2.5, 64, 192, 320, 20)
    assert len(slots) == 64
    elsewhere = layout.pack_slots({"a": 0.0}, {"x": 4096, "y": 8192, "out": 12288})
    assert struct.unpack_from("<QQQ", elsewhere, 8) == (4096, 8192, 12288)


def test_a_shared_call_carries_slots_only() -> None:
    layout = Layout(signatures()["saxpy"], {"size": 20})
    request = layout.request(frame.CALL_SHARED, times=3)
    assert (request.nbytes, request.region_nbytes, request.times) == (64, 0, 3)
    assert layout.answer(request).nbytes == 64


def test_no_two_layouts_share_an_id() -> None:
    made = [Layout(signatures()["noop"], {}) for _ in range(3)]
    assert len({layout.request().id for layout in made}) == 3


def test_limit() -> None:
    crc32 = signatures()["crc32"]
    assert Layout(crc32, {"nbytes": LIMIT - 64}).region_nbytes == LIMIT
    for nbytes in (LIMIT - 63, 2**32 - 1):
        with pytest.raises(BadArgument, match=f"{LIMIT}"):
            Layout(crc32, {"nbytes": nbytes})


@pytest.mark.parametrize("count", [-1, 2**32, 1.0, True, None, "7"])
def test_wrong_length(count: Any) -> None:
    with pytest.raises(BadArgument, match="'size'"):
        Layout(signatures()["dot"], {"size": count})


@pytest.mark.parametrize("value", ["text", None, 1e39])
def test_wrong_scalar(value: Any) -> None:
    with pytest.raises(BadArgument, match="saxpy"):
        Layout(signatures()["saxpy"], {"size": 1}).pack_slots({"a": value})


@pytest.mark.parametrize(
    ("returns", "slot", "value"),
    [
        ("int8_t", b"\xff", -1), ("uint8_t", b"\xff", 255), ("int16_t", b"\xfe\xff", -2),
        ("uint32_t", b"\xff" * 4, 2**32 - 1), ("int64_t", b"\xff" * 8, -1), ("uint64_t", b"\xff" * 8, 2**64 - 1),
        ("float", struct.pack("<f", 0.5), 0.5), ("double", struct.pack("<d", math.pi), math.pi), ("void", b"", None),
    ],
)  # fmt: skip
def test_results(returns: str, slot: bytes, value: object) -> None:
    signature = Signature(0, KERNELS["noop"], Prototype("ffis_noop", parse_type(returns, 8), ()))
    assert signature.unpack_result(bytes(48) + slot.ljust(64, b"\0")) == value


def test_a_parameter_without_a_role() -> None:
    extra = Parameter("mystery", parse_type("uint32_t", 8))
    signature = Signature(0, KERNELS["noop"], Prototype("ffis_noop", parse_type("void", 8), (extra,)))
    with pytest.raises(Unavailable, match="mystery"):
        Layout(signature, {})
