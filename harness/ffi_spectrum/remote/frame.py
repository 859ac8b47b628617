"""The frame: one request or answer on a byte stream, a fixed header and the bytes that follow it.

Both ends of every socket use it; the C worker has the same numbers in `native/support/frame.h`.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

from ffi_spectrum.device.errors import error_for
from ffi_spectrum.errors import BadArgument, CallError, ProtocolError

MAGIC = b"FFIS"
VERSION = 1
# magic, version, op, kernel, status, id, times, nbytes, region_nbytes
HEADER = struct.Struct("<4sHHIIQQQQ")
# One limit for all transports, checked before anything is sent or allocated.
LIMIT_NBYTES = 64 * 1024 * 1024
ALIGNMENT = 64

HELLO, CALL, COUNT, PING, CLOSE, FAULT, CALL_SHARED = range(1, 8)
RECORD, REPLAY, FORGET = range(9, 12)  # lists of calls: native/support/lists.h
COPY = 12  # of workers with a device
# Where to, where from (as a buffer's slot says it), and how many bytes.
COPY_SLOTS = struct.Struct("<QQQ")
OK, BAD_FRAME, UNKNOWN_KERNEL, OUT_OF_BOUNDS, TOO_LARGE, BAD_OP, UNSUPPORTED, UNKNOWN_LIST = range(8)
STATUSES = (
    "OK", "BAD_FRAME", "UNKNOWN_KERNEL", "OUT_OF_BOUNDS", "TOO_LARGE", "BAD_OP", "UNSUPPORTED", "UNKNOWN_LIST",
)  # fmt: skip
# A status from here on is this and the CUresult of what failed on a worker's device.
DEVICE_STATUS = 0x10000
# An offset with this bit is one in the worker's device memory.
RESIDENT = 1 << 63
# What a FAULT does, as its `times`: only a C worker that is built for tests obeys.
FAULT_CRASH, FAULT_SLEEP, FAULT_EXIT = 1, 2, 3

NONCE_NBYTES = 16
# nonce, sha256 (hex) of the kernel library, process id
HELLO_ANSWER = struct.Struct("<16s64sI")


class Header(NamedTuple):
    """A header without magic and version; `nbytes` follow it, and a call's region needs `region_nbytes`."""

    op: int
    kernel: int = 0
    status: int = OK
    id: int = 0
    times: int = 1
    nbytes: int = 0
    region_nbytes: int = 0

    def pack(self) -> bytes:
        return HEADER.pack(MAGIC, VERSION, *self)


def parse_header(content: bytes | bytearray | memoryview) -> tuple[int, Header]:
    """The header at the start of `content`, and the status that a worker gives it: OK, BAD_FRAME or TOO_LARGE.

    With a status other than OK, nothing after the header can be trusted. struct.error for less than a header.
    """
    magic, version, *fields = HEADER.unpack_from(content)
    header = Header(*fields)
    if magic != MAGIC or version != VERSION:
        return BAD_FRAME, header
    region_nbytes = 0 if header.op == FAULT else header.region_nbytes  # a FAULT has nanoseconds there
    return TOO_LARGE if max(header.nbytes, region_nbytes) > LIMIT_NBYTES else OK, header


def unpack_header(content: bytes | bytearray | memoryview) -> Header:
    """The header at the start of an answer; raises ProtocolError for another magic or version, and for its sizes."""
    if len(content) < HEADER.size:
        raise ProtocolError(f"an answer of {len(content)} bytes is shorter than a header")
    status, header = parse_header(content)
    magic, version = HEADER.unpack_from(content)[:2]
    if magic != MAGIC:
        raise ProtocolError(f"a frame starts with {magic!r} instead of {MAGIC!r}: the other end is no worker of ours")
    if version != VERSION:
        raise ProtocolError(f"the other end speaks version {version} of the protocol, this one {VERSION}: rebuild it")
    if status != OK:
        raise ProtocolError(f"a frame announces more bytes than the limit, {LIMIT_NBYTES}: {header}")
    return header


def padded(nbytes: int) -> int:
    """`nbytes` rounded up to the alignment that every part of a region has."""
    return -(-nbytes // ALIGNMENT) * ALIGNMENT


def is_refusal(status: int) -> bool:
    """True for what a worker says of a request that it did not carry out."""
    return OK < status < len(STATUSES) or status >= DEVICE_STATUS


def refusal(status: int) -> CallError:
    """The error for an answer whose status is not OK: BadArgument where the request's data were at fault."""
    if status >= DEVICE_STATUS:
        return error_for(status - DEVICE_STATUS, "in the worker", "the worker: open the rung again")
    name = STATUSES[status] if status < len(STATUSES) else f"unknown status {status}"
    if status == OUT_OF_BOUNDS:
        return BadArgument(f"the worker refused the call ({name}): give buffers of the lengths that the call states")
    if status == TOO_LARGE:
        return BadArgument(f"the worker refused the request ({name}): use smaller buffers, or let go of recorded lists")
    return ProtocolError(f"the worker refused the request ({name}): client and worker are not of one build")
