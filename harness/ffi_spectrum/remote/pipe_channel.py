"""Frames over a `multiprocessing` connection: one message each, in bytes, never pickled."""

from __future__ import annotations

import os
import socket
from collections.abc import Sequence
from multiprocessing import BufferTooShort
from multiprocessing.connection import Connection
from typing import Any

from ffi_spectrum.errors import ProtocolError
from ffi_spectrum.remote import frame
from ffi_spectrum.remote.channel import Channel, limit_waits
from ffi_spectrum.remote.layout import ANSWER_HEAD_NBYTES, Layout
from ffi_spectrum.remote.process import WorkerProcess

_MESSAGE_NBYTES = frame.HEADER.size + frame.LIMIT_NBYTES


class Message:
    """A call's request and the answer that is expected to it; holds no payload."""

    def __init__(self, layout: Layout, times: int = 1) -> None:
        self.layout = layout
        request = layout.request(times=times)
        self.header = request.pack()
        self.nbytes = len(self.header) + request.nbytes
        self.answer = layout.answer(request)
        self.expected = self.answer.pack()
        self.answer_nbytes = len(self.expected) + self.answer.nbytes
        self.paddings = [bytes(block.padding) for block in layout.inputs]
        # where in an answer the outputs lie
        shift = ANSWER_HEAD_NBYTES - layout.inputs_end
        self.outputs = [slice(block.offset + shift, block.end + shift) for block in layout.outputs]

    def join(self, slots: bytes, views: Sequence[memoryview]) -> bytes:
        """The whole request, made of a call's slots and inputs."""
        parts: list[Any] = [self.header, slots]
        for view, padding in zip(views, self.paddings, strict=False):
            parts += (view, padding)
        return b"".join(parts)


class PipeChannel(Channel):
    """A connection to the worker at the other end of a socket pair, whose `fd` it takes over."""

    def __init__(self, worker: WorkerProcess, fd: int, deadline_s: float) -> None:
        self._connection = Connection(fd)
        super().__init__(worker, deadline_s, self._connection.close)
        self.set_deadline(deadline_s)
        self._send_bytes, self._recv_bytes = self._connection.send_bytes, self._connection.recv_bytes
        self._recv_bytes_into = self._connection.recv_bytes_into

    def set_deadline(self, deadline_s: float) -> None:
        self.deadline_s = deadline_s
        if self.retired:
            return
        with socket.socket(fileno=os.dup(self._connection.fileno())) as same:
            limit_waits(same, deadline_s)

    @property
    def send_buffer_nbytes(self) -> int:
        """What the kernel buffers in each direction; a message counts for about twice its size, and some more."""
        with socket.socket(fileno=os.dup(self._connection.fileno())) as same:
            return same.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF)

    def exchange_into(self, request: bytes | bytearray, answer: bytearray, message: Message) -> None:
        """Send a request and fill `answer`, which has the length of the message's answer."""
        try:
            self._send_bytes(request)
            received = self._receive_into(answer)
        except BaseException as error:  # one block: Ctrl-C between the two leaves an answer to come
            self.give_up(error)
            raise
        self._check(answer[:received] if received != len(answer) else answer, message)

    def exchange(self, request: bytes, message: Message) -> bytes:
        """Send a request and return its answer."""
        try:
            self._send_bytes(request)
            answer = self._recv_bytes(_MESSAGE_NBYTES)
        except BaseException as error:
            self.give_up(error)
            raise
        self._check(answer, message)
        return answer

    def send(self, request: bytes | bytearray) -> None:
        """Send a request, and leave its answer to `receive_into`."""
        try:
            self._send_bytes(request)
        except BaseException as error:
            self.give_up(error)
            raise

    def receive_into(self, answer: bytearray, message: Message) -> None:
        """Fill `answer` with the answer to a request that was sent."""
        try:
            received = self._receive_into(answer)
        except BaseException as error:
            self.give_up(error)
            raise
        self._check(answer[:received] if received != len(answer) else answer, message)

    def request(self, header: frame.Header) -> bytes:
        try:
            self._send_bytes(header.pack())
            content = self._recv_bytes(_MESSAGE_NBYTES)
            answer = frame.unpack_header(content)
        except BaseException as error:
            self.give_up(error)
            raise
        if (answer.op, answer.status, answer.nbytes) != (header.op, frame.OK, len(content) - frame.HEADER.size):
            self.refuse(content, header)
        return content[frame.HEADER.size :]

    def _receive_into(self, answer: bytearray) -> int:
        try:
            return self._recv_bytes_into(answer)
        except BufferTooShort as error:
            raise ProtocolError(f"the worker answered {len(error.args[0])} bytes instead of {len(answer)}") from error

    def _check(self, answer: bytes | bytearray, message: Message) -> None:
        if len(answer) != message.answer_nbytes or not answer.startswith(message.expected):
            self.refuse(answer, message.answer)
