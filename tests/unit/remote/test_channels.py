"""Answers that make no sense: each is a ProtocolError, ends the channel, and is never taken for a result."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ffi_spectrum.errors import (
    BadArgument,
    CallError,
    ChannelRetired,
    DeadlineExceeded,
    FarSideDied,
    ProtocolError,
    Unavailable,
)
from ffi_spectrum.remote.channel import Channel
from ffi_spectrum.remote.layout import Layout
from ffi_spectrum.remote.pipe_channel import Message, PipeChannel
from ffi_spectrum.remote.socket_channel import Exchange, SocketChannel
from ffi_spectrum.remote.socket_path import private_socket_path

from .fake_worker import obedient, started
from .processes import is_running
from .signatures import signatures

pytestmark = pytest.mark.timeout(30)

DEADLINE_S = 0.5
# Both read a request of relu with 5 elements, and send what `answer` makes of its header.
_SOCKET = """
listener = socket.socket(socket.AF_UNIX); listener.bind(sys.argv[3]); listener.listen()
hello()
connection = listener.accept()[0]
request = HEADER.unpack(connection.recv(48, socket.MSG_WAITALL))
connection.recv(request[7], socket.MSG_WAITALL)
for part in answer(*request[2:]):
    connection.sendall(part)
    time.sleep(0.02)
{then}
"""
_PIPE = """
from multiprocessing.connection import Connection
connection = Connection(int(sys.argv[3]))
hello()
request = HEADER.unpack(connection.recv_bytes()[:48])
connection.send_bytes(b"".join(answer(*request[2:])))
{then}
"""
_ANSWER = """
def answer(op, kernel, status, id, times, nbytes, region):
    def head(magic=b"FFIS", version=1, op=op, status=0, id=id, nbytes=84):
        return HEADER.pack(magic, version, op, kernel, status, id, times, nbytes, 0)
    body = bytes(64) + struct.pack("<5f", 1, 2, 3, 4, 5)
    return {answer}
"""

ODD: dict[str, tuple[str, type[CallError], str]] = {
    "another magic": ("[head(magic=b'HTTP') + body]", ProtocolError, "HTTP"),
    "another version": ("[head(version=9) + body]", ProtocolError, "version 9"),
    "another call's answer": ("[head(id=id + 1) + body]", ProtocolError, "instead of"),
    "another operation": ("[head(op=4) + body]", ProtocolError, "instead of"),
    "another length": ("[head(nbytes=64) + body[:64]]", ProtocolError, "instead of"),
    "a length over the limit": ("[head(nbytes=2**40) + body]", ProtocolError, "limit"),
    "an unknown status": ("[head(status=77, nbytes=0)]", ProtocolError, "77"),
    "a status with a body": ("[head(status=3) + body]", ProtocolError, "instead of"),
    "nothing but an end": ("[]", FarSideDied, "exit code 0"),
    "half a header and an end": ("[head()[:20]]", FarSideDied, "exit code 0"),
    "half an answer and an end": ("[head() + body[:70]]", FarSideDied, "exit code 0"),
}
# A message that is too short is a message all the same.
ODD_MESSAGES: dict[str, tuple[str, type[CallError], str]] = {
    "nothing but an end": ("sys.exit(0)", FarSideDied, "exit code 0"),
    "half a header and an end": ("[head()[:20]]", ProtocolError, "20 bytes"),
    "half an answer and an end": ("[head() + body[:70]]", ProtocolError, "instead of"),
    "more than an answer": ("[head() + body + b'x']", ProtocolError, "133 bytes"),
}
REFUSED = "[head(status=3, nbytes=0)]"
Call = Callable[[], Any]


def relu() -> tuple[Layout, bytes, list[memoryview]]:
    layout = Layout(signatures()["relu"], {"size": 5})
    arrays: list[Any] = [np.arange(5, dtype=np.float32), np.zeros(5, np.float32)]
    return layout, layout.pack_slots({}), [memoryview(array) for array in arrays]


@contextmanager
def socket_call(answer: str, then: str = "") -> Iterator[tuple[SocketChannel, Call, memoryview]]:
    """A channel whose worker answers so, the call, and its output."""
    layout, slots, views = relu()
    with private_socket_path() as path:
        worker = started(_ANSWER.format(answer=answer) + _SOCKET.format(then=then), [str(path)], grace_s=0.2)
        channel = SocketChannel(worker, path, DEADLINE_S)
    exchange = Exchange(layout)
    exchange.fill(slots, views)
    yield channel, lambda: channel.exchange(exchange), views[1]
    worker.close()


@contextmanager
def pipe_call(answer: str, then: str = "") -> Iterator[tuple[PipeChannel, Call, memoryview]]:
    """The same over a connection of multiprocessing."""
    layout, slots, views = relu()
    ours, theirs = socket.socketpair()
    fd = theirs.detach()
    worker = started(_ANSWER.format(answer=answer) + _PIPE.format(then=then), [str(fd)], given_fds=[fd], grace_s=0.2)
    channel = PipeChannel(worker, ours.detach(), DEADLINE_S)
    message = Message(layout)
    room = bytearray(message.answer_nbytes)

    def call() -> None:
        channel.exchange_into(message.join(slots, views), room, message)
        views[1].cast("B")[:] = memoryview(room)[message.outputs[0]]

    yield channel, call, views[1]
    worker.close()


CALLS: dict[str, Callable[..., Any]] = {"socket": socket_call, "pipe": pipe_call}


def assert_retired(channel: Channel, call: Call) -> None:
    assert not is_running(channel.worker.pid)
    with pytest.raises(ChannelRetired):
        call()
    with pytest.raises(ChannelRetired):
        channel.ping()
    channel.set_deadline(1.0)  # changes nothing any more, and raises nothing


ODD_CASES = [("socket", how) for how in ODD] + [("pipe", how) for how in ODD | ODD_MESSAGES]


@pytest.mark.parametrize(("transport", "how"), ODD_CASES)
def test_odd_answer(transport: str, how: str) -> None:
    answer, kind, text = (ODD | ODD_MESSAGES if transport == "pipe" else ODD)[how]
    then = "" if kind is FarSideDied else "time.sleep(60)"
    with CALLS[transport](answer, then) as (channel, call, _):
        with pytest.raises(CallError, match=text) as caught:
            call()
        assert type(caught.value) is kind
        assert_retired(channel, call)


@pytest.mark.parametrize("transport", CALLS)
def test_a_refusal_leaves_the_channel_usable(transport: str) -> None:
    with CALLS[transport](REFUSED, "time.sleep(60)") as (channel, call, _):
        with pytest.raises(BadArgument, match="OUT_OF_BOUNDS"):
            call()
        assert channel.retired == ""


@pytest.mark.parametrize("transport", CALLS)
@pytest.mark.parametrize(
    "parts", ["[head() + body]", "[head()[:7], head()[7:] + body[:30], body[30:66], body[66:]]", "[head(), body]"]
)
def test_an_answer_in_pieces(parts: str, transport: str) -> None:
    with CALLS[transport](parts, "time.sleep(60)") as (_, call, out):
        call()
        assert out.tolist() == [1, 2, 3, 4, 5]


def test_an_answer_in_drips_has_one_deadline() -> None:
    """Each piece comes within the time, and all of them do not."""
    pieces = "[head() + body[:64], body[64:70], body[70:75], body[75:80], body[80:]]"
    with socket_call(f"(time.sleep(0.3) or piece for piece in {pieces})", "time.sleep(60)") as (channel, call, _):
        with pytest.raises(DeadlineExceeded):
            call()
        assert_retired(channel, call)


def test_another_process_listens() -> None:
    """A server that took the path over is no worker of ours, though it is this user's."""
    code = (
        "import socket, sys, time\n"
        "s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); s.listen(); print(flush=True)\n"
        "time.sleep(60)"
    )
    with private_socket_path() as path:
        with subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE) as server:
            assert server.stdout
            server.stdout.readline()
            worker = obedient()
            with pytest.raises(ProtocolError, match=f"process {server.pid} of user {os.geteuid()}"):
                SocketChannel(worker, path, DEADLINE_S)
            server.kill()
        worker.close()


def test_nobody_listens() -> None:
    worker = obedient()
    with private_socket_path() as path, pytest.raises(FarSideDied):
        SocketChannel(worker, path, DEADLINE_S)
    assert not is_running(worker.pid)
    worker.close()


def test_a_private_path() -> None:
    with private_socket_path() as path:
        folder = path.parent
        assert folder.stat().st_mode & 0o777 == 0o700
    assert not folder.exists()


def test_a_path_that_is_too_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    long = tmp_path / ("x" * 100)
    long.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(long))
    with pytest.raises(Unavailable, match="TMPDIR"), private_socket_path():
        pass
    assert list(long.iterdir()) == []
