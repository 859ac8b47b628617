"""The frame's header, byte by byte, and what a receiver makes of one that is wrong."""

from __future__ import annotations

import re

import hypothesis.strategies as st
import pytest
from hypothesis import given

from ffi_spectrum.errors import BadArgument, ProtocolError
from ffi_spectrum.remote import frame
from ffi_spectrum.toolchain import sources

LIMIT = 64 * 2**20
U16, U32, U64 = (st.integers(0, 2**bits - 1) for bits in (16, 32, 64))
HEADERS = st.builds(frame.Header, U16, U32, U32, U64, U64, U64, U64)


def test_pinned_bytes() -> None:
    header = frame.Header(frame.CALL, kernel=3, status=4, id=5, times=6, nbytes=7, region_nbytes=8)
    pinned = "46464953 0100 0200 03000000 04000000" + "".join(f"{n:02x}00000000000000" for n in (5, 6, 7, 8))
    assert header.pack() == bytes.fromhex(pinned)
    assert len(header.pack()) == 48


@given(HEADERS)
def test_round_trip(header: frame.Header) -> None:
    assert frame.parse_header(header.pack())[1] == header


@given(st.binary(min_size=48, max_size=64))
def test_any_bytes_have_a_status(content: bytes) -> None:
    """A fuzzed header is refused, as it starts with other bytes; nothing else is raised."""
    status, _ = frame.parse_header(content)
    assert (status == frame.BAD_FRAME) == (content[:6] != b"FFIS\x01\x00")


@pytest.mark.parametrize("field", ["nbytes", "region_nbytes"])
@pytest.mark.parametrize(
    ("nbytes", "is_right"), [(LIMIT, True), (LIMIT + 1, False), (2**63, False), (2**64 - 1, False)]
)
def test_limit(field: str, nbytes: int, is_right: bool) -> None:
    content = frame.Header(frame.CALL)._replace(**{field: nbytes}).pack()
    assert frame.parse_header(content)[0] == (frame.OK if is_right else frame.TOO_LARGE)
    if is_right:
        frame.unpack_header(content)
        return
    with pytest.raises(ProtocolError, match="limit"):
        frame.unpack_header(content)


def test_a_faults_nanoseconds_have_no_limit() -> None:
    assert frame.parse_header(frame.Header(frame.FAULT, region_nbytes=2**40).pack())[0] == frame.OK


@pytest.mark.parametrize(("change", "text"), [((b"FFIS", b"HTTP"), "HTTP"), ((b"\x01\x00", b"\x02\x00"), "version 2")])
def test_another_protocol(change: tuple[bytes, bytes], text: str) -> None:
    content = frame.Header(frame.CALL).pack().replace(*change, 1)
    with pytest.raises(ProtocolError, match=text):
        frame.unpack_header(content)


def test_less_than_a_header() -> None:
    with pytest.raises(ProtocolError, match="47 bytes"):
        frame.unpack_header(bytes(47))


@given(st.integers(0, 2**40))
def test_padded(nbytes: int) -> None:
    assert frame.padded(nbytes) % 64 == 0
    assert 0 <= frame.padded(nbytes) - nbytes < 64


def test_refusals() -> None:
    kinds = {status: type(frame.refusal(status)) for status in (*range(1, 7), 99)}
    argument = {frame.OUT_OF_BOUNDS, frame.TOO_LARGE}
    assert all(kind is (BadArgument if status in argument else ProtocolError) for status, kind in kinds.items())
    assert "OUT_OF_BOUNDS" in str(frame.refusal(frame.OUT_OF_BOUNDS))
    assert "99" in str(frame.refusal(99))


def test_the_c_side_has_the_same_numbers() -> None:
    text = sources.support_source("frame.h").read_text()
    for enum, first, prefix in (("ffis_op", 1, "FFIS_OP_"), ("ffis_status", 0, "FFIS_")):
        body = re.sub(r"/\*.*?\*/|= \d+", "", text.split(f"enum {enum} {{")[1].split("}")[0])
        names = [name.strip().removeprefix(prefix) for name in body.split(",") if name.strip()]
        assert len(names) >= 7
        ours = {name: getattr(frame, name) for name in names if hasattr(frame, name)}
        assert ours == {name: first + i for i, name in enumerate(names) if name in ours}
        assert set(names) - set(ours) <= {"ECHO"}
