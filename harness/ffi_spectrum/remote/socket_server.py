"""A Unix socket's server in Python: frames of one connection after the other, of the same user only."""

from __future__ import annotations

import os
import socket
import struct

from ffi_spectrum.remote import frame
from ffi_spectrum.remote.python_worker import Server
from ffi_spectrum.remote.thunks import REGION_OFFSET

# struct ucred of unix(7): process, user and group
_UCRED = struct.Struct("@iII")


def listen(path: str) -> socket.socket:
    """A listening socket at `path`, of mode 0600; OSError where the path is taken."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)  # bind makes the file: it is never more open
    try:
        listener.bind(path)
    finally:
        os.umask(before)
    listener.listen()
    return listener


def serve(listener: socket.socket, server: Server, memory: memoryview) -> None:
    """Serve without an end: bodies are received where `server` looks for them, in the region of `memory`."""
    while True:
        connection, _ = listener.accept()
        with connection:
            _, uid, _ = _UCRED.unpack(connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size))
            if uid == os.geteuid():
                try:
                    _serve_connection(connection, server, memory)
                except ConnectionError:
                    continue  # the client has gone


def _serve_connection(connection: socket.socket, server: Server, memory: memoryview) -> None:
    """Answer frames until the client ends the connection, or sends what is no frame."""
    head, region = memory[REGION_OFFSET - frame.HEADER.size : REGION_OFFSET], memory[REGION_OFFSET:]
    while _receive(connection, head):
        status, header = frame.parse_header(head)
        if status != frame.OK:
            connection.sendall(frame.Header(0, status=status).pack())
            return
        if not _receive(connection, region[: header.nbytes]):
            return
        connection.sendall(server.obey(header))


def _receive(connection: socket.socket, view: memoryview) -> bool:
    """Fill the view; False where the connection ends first."""
    done = 0
    while done < view.nbytes:
        received = connection.recv_into(view[done:], 0, socket.MSG_WAITALL)
        if not received:
            return False
        done += received
    return True
