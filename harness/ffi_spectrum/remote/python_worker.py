"""The worker of `pipe`: answers frames that come over a `multiprocessing` connection, one message each.

    python -S -I -c BOOT ROOT PARENT_PID CONTROL_FD CONNECTION_FD THUNKS

Nothing is ever unpickled, and it starts without `site` and NumPy.
"""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Sequence
from multiprocessing.connection import Connection

from ffi_spectrum.remote import frame
from ffi_spectrum.remote.control import bind_to_parent, watch_control
from ffi_spectrum.remote.thunks import REGION_OFFSET, FarKernels, Thunks

# The header of an answer to CALL or COUNT, its result, and the padding up to the outputs.
_HEAD = struct.Struct(f"{frame.HEADER.format}Q{frame.ALIGNMENT - 8}x")
# malloc.h of glibc
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_MESSAGE_NBYTES = frame.HEADER.size + frame.LIMIT_NBYTES


def main(arguments: Sequence[str]) -> None:
    """Serve until the client ends, or ends this."""
    parent_pid, control_fd, connection_fd, thunks_path = arguments
    bind_to_parent(int(parent_pid))
    _keep_memory()
    thunks = Thunks(thunks_path)
    connection = Connection(int(connection_fd))
    watch_control(int(control_fd), thunks.library_sha256)
    server = Server(thunks)
    try:
        while True:
            connection.send_bytes(server.answer(connection.recv_bytes(_MESSAGE_NBYTES)))
    except (EOFError, ConnectionError):
        os._exit(0)
    except OSError:
        os._exit(1)  # the client announced more than any message may have: the rest of the stream means nothing


def _keep_memory() -> None:
    """Have the C library keep what is freed: else each large message is mapped anew, and every page of it faults.

    That is half of the time of a call with 1 MiB. mallopt(3); 32 MiB is the most that it takes for M_MMAP_THRESHOLD.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # glibc has it
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, 32 * 1024 * 1024)
        mallopt(_M_TRIM_THRESHOLD, 4 * frame.LIMIT_NBYTES)


class Server:
    """Answers messages, in memory of the thunks' own: an answer is overwritten by the next one."""

    def __init__(self, thunks: FarKernels) -> None:
        self._thunks = thunks

    def answer(self, message: bytes) -> bytes | memoryview:
        """The answer to one message; a malformed one gets an error frame, and harms no other."""
        if len(message) < frame.HEADER.size:
            return frame.Header(0, status=frame.BAD_FRAME).pack()
        status, header = frame.parse_header(message)
        if status == frame.OK and header.nbytes != len(message) - frame.HEADER.size:
            status = frame.BAD_FRAME
        if status != frame.OK:
            return frame.Header(0, status=status).pack()
        if header.nbytes:
            self._thunks.region[: header.nbytes] = memoryview(message)[frame.HEADER.size :]
        return self.obey(header)

    def obey(self, header: frame.Header) -> bytes | memoryview:
        """The answer to a request whose body lies at the start of the region."""
        if header.op == frame.CALL:
            return self._call(header)
        if header.op == frame.COUNT:
            return self._count(header)
        return plain_answer(header, self._obey(header))

    def _call(self, header: frame.Header) -> bytes | memoryview:
        """Run the kernel on the region, whose outputs follow where the answer's head goes."""
        thunks = self._thunks
        if header.kernel not in thunks.slots:
            return plain_answer(header, frame.UNKNOWN_KERNEL)
        if not 8 * thunks.slots[header.kernel] <= header.nbytes <= header.region_nbytes:
            return plain_answer(header, frame.BAD_FRAME)
        status = thunks.call(header.kernel, header.times, header.region_nbytes)
        if status != frame.OK:
            return plain_answer(header, status)
        outputs_start = frame.padded(header.nbytes)
        outputs_nbytes = max(header.region_nbytes - outputs_start, 0)
        end = REGION_OFFSET + outputs_start + outputs_nbytes
        start = end - outputs_nbytes - _HEAD.size
        _pack_head(thunks.memory, start, header, outputs_nbytes, thunks.result)
        return thunks.memory[start:end]

    def _count(self, header: frame.Header) -> bytes:
        if header.kernel not in self._thunks.slots:
            return plain_answer(header, frame.UNKNOWN_KERNEL)
        return result_answer(header, self._thunks.count(header.kernel))

    def _obey(self, header: frame.Header) -> int:
        """The status of everything that has no answer of its own."""
        if header.op == frame.PING:
            return frame.OK
        if header.op == frame.CLOSE:
            os._exit(0)
        return frame.UNSUPPORTED if header.op in (frame.CALL_SHARED, frame.FAULT) else frame.BAD_OP


def plain_answer(header: frame.Header, status: int) -> bytes:
    """An answer without a body."""
    return header._replace(status=status, nbytes=0, region_nbytes=0).pack()


def result_answer(header: frame.Header, slot: int) -> bytes:
    """An answer with a result and no outputs."""
    answer = bytearray(_HEAD.size)
    _pack_head(answer, 0, header, 0, slot)
    return bytes(answer)


def _pack_head(
    memory: bytearray | memoryview, start: int, header: frame.Header, outputs_nbytes: int, slot: int
) -> None:
    """Write the answer's header and result."""
    _HEAD.pack_into(
        memory, start, frame.MAGIC, frame.VERSION, header.op, header.kernel, frame.OK, header.id, header.times,
        frame.ALIGNMENT + outputs_nbytes, 0, slot,
    )  # fmt: skip
