"""Frames over a Unix socket, with Python's socket module: gathered from where they lie, scattered to where they go."""

from __future__ import annotations

import os
import socket
import struct
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ffi_spectrum.errors import ProtocolError
from ffi_spectrum.remote import frame
from ffi_spectrum.remote.channel import Channel, limit_waits
from ffi_spectrum.remote.layout import ANSWER_HEAD_NBYTES, Layout
from ffi_spectrum.remote.process import WorkerProcess

# struct ucred of unix(7): process, user and group
_UCRED = struct.Struct("@iII")
# As much of a message as the system allows (net.core.wmem_max) then crosses in one piece.
SEND_BUFFER_NBYTES = 1024 * 1024


class Bare:
    """A request without a body, whose answer has none; good for many calls.

    `parts` follow each other on the wire; the answer fills `head`, and what follows it in `into`.
    """

    def __init__(self, request: frame.Header, answer: frame.Header | None = None, head_nbytes: int = 0) -> None:
        self.request, self.answer = request, answer or request
        self.header, self.expected = self.request.pack(), self.answer.pack()
        self.nbytes = len(self.header) + self.request.nbytes
        self.answer_nbytes = len(self.expected) + self.answer.nbytes
        self.head = bytearray(head_nbytes or len(self.expected))
        self.parts: list[Any] = [self.header]
        self.into: list[Any] = [self.head]

    def value(self) -> Any:
        """The result that came with the answer."""
        return None


class Exchange(Bare):
    """A call and where its answer goes; `head` has room for the header and the result."""

    def __init__(self, layout: Layout, op: int = frame.CALL, times: int = 1) -> None:
        self.layout = layout
        request = layout.request(op, times)
        super().__init__(request, layout.answer(request), ANSWER_HEAD_NBYTES)
        self._paddings: list[Any] = [bytes(block.padding) for block in layout.inputs]
        # nothing follows the last output
        self._output_paddings: list[Any] = [bytearray(block.padding) for block in layout.outputs[:-1]] + [bytearray()]

    def fill(self, slots: bytes, views: Sequence[memoryview] = ()) -> Exchange:
        """Put in a call's slots, and views of its inputs and outputs where they travel in the frame."""
        parts: list[Any] = [self.header + slots]
        into: list[Any] = [self.head]
        for view, padding in zip(views, self._paddings, strict=False):
            parts.append(view)
            if padding:
                parts.append(padding)
        for view, gap in zip(views[len(self._paddings) :], self._output_paddings, strict=False):
            into += (view, gap)
        self.parts, self.into = parts, into
        return self

    def value(self) -> Any:
        return self.layout.signature.unpack_result(self.head)


class SocketChannel(Channel):
    """A connection to the worker that listens at `path`; raises ProtocolError where another process does."""

    def __init__(self, worker: WorkerProcess, path: Path, deadline_s: float) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.setblocking(True)  # whatever socket.setdefaulttimeout says
        super().__init__(worker, deadline_s, self._socket.close)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_NBYTES)
        self.set_deadline(deadline_s)
        try:
            self._socket.connect(str(path))
        except OSError as error:
            self.give_up(error)
            raise
        pid, uid, _ = _UCRED.unpack(self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size))
        if (pid, uid) != (worker.pid, os.geteuid()):
            raise ProtocolError(f"process {pid} of user {uid} listens at {path} instead of the worker {worker.pid}")
        self._sendmsg, self._recvmsg_into = self._socket.sendmsg, self._socket.recvmsg_into
        self._recv_into = self._socket.recv_into

    def set_deadline(self, deadline_s: float) -> None:
        self.deadline_s = deadline_s
        if not self.retired:
            limit_waits(self._socket, deadline_s)

    def exchange(self, exchange: Bare) -> Any:
        """Send, wait for the answer, and return the result."""
        try:
            sent = self._sendmsg(exchange.parts)
            if sent != exchange.nbytes:
                self._send_all(_after(exchange.parts, sent))
            self._receive(exchange)
        except BaseException as error:  # one block: Ctrl-C between sending and receiving leaves an answer to come
            self.give_up(error)
            raise
        if not exchange.head.startswith(exchange.expected):
            self.refuse(exchange.head, exchange.answer)
        return exchange.value()

    def receive(self, exchange: Bare) -> Any:
        """Wait for the answer to what was sent, and return the result."""
        try:
            self._receive(exchange)
        except BaseException as error:
            self.give_up(error)
            raise
        if not exchange.head.startswith(exchange.expected):
            self.refuse(exchange.head, exchange.answer)
        return exchange.value()

    def try_send(self, parts: Sequence[Any], nbytes: int = -1) -> list[Any]:
        """Send what can be sent without waiting, and return the rest; `nbytes` is the length of all parts, if known."""
        try:
            sent = self._sendmsg(parts, (), socket.MSG_DONTWAIT)
            return [] if sent == nbytes else _after(parts, sent)
        except BlockingIOError:
            return list(parts)
        except BaseException as error:
            self.give_up(error)
            raise

    def send_all(self, parts: Sequence[Any]) -> None:
        """Send, waiting where need be."""
        try:
            self._send_all(parts)
        except BaseException as error:
            self.give_up(error)
            raise

    def request(self, header: frame.Header, body: bytes = b"") -> bytes:
        try:
            self._send_all([header.pack() + body])
            head = self._receive_exactly(memoryview(bytearray(frame.HEADER.size)))
            answer = frame.unpack_header(head)
            content = self._receive_exactly(memoryview(bytearray(answer.nbytes)))
        except BaseException as error:
            self.give_up(error)
            raise
        if (answer.op, answer.status) != (header.op, frame.OK):
            self.refuse(head, header)
        return bytes(content)

    def _send_all(self, parts: Sequence[Any]) -> None:
        while parts:
            parts = _after(parts, self._sendmsg(parts))

    def _receive(self, exchange: Bare) -> None:
        into = exchange.into
        received = self._recv_into(into[0]) if len(into) == 1 else self._recvmsg_into(into)[0]
        if received != exchange.answer_nbytes:
            self._receive_rest(exchange, received)

    def _receive_rest(self, exchange: Bare, received: int) -> None:
        """Fill what the first receive left empty; only the header where that is another than expected."""
        if not received:
            raise EOFError
        head, header_nbytes = memoryview(exchange.head), frame.HEADER.size
        if received < header_nbytes:
            self._receive_exactly(head[received:header_nbytes])
            received = header_nbytes
        if exchange.head.startswith(exchange.expected):
            for view in _after(exchange.into, received):
                self._receive_exactly(view)

    def _receive_exactly(self, view: memoryview) -> memoryview:
        done, until = 0, time.monotonic() + self.deadline_s
        while done < view.nbytes:
            # a receive that was cut short by its time limit says so only if nothing came
            received = self._recv_into(view[done:], 0, socket.MSG_WAITALL)
            if not received:
                raise EOFError
            done += received
            if done < view.nbytes and time.monotonic() > until:
                raise TimeoutError
        return view


def _after(parts: Sequence[Any], nbytes: int) -> list[Any]:
    """What is left of `parts` behind their first `nbytes` bytes, as views of bytes."""
    rest: list[Any] = []
    for part in parts:
        view = memoryview(part)
        if nbytes >= view.nbytes:
            nbytes -= view.nbytes
        else:
            rest.append(view.cast("B")[nbytes:])
            nbytes = 0
    return rest
