"""Workers that misbehave: small scripts in place of a real one, each with the handshake that it is told to give."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from ffi_spectrum.remote.process import WorkerProcess

LIBRARY = "ab" * 32
# What ends a test that hangs; far above what any answer takes.
DEADLINE_S = 10.0

_PRELUDE = f"""
import os, signal, socket, struct, sys, time
control = socket.socket(fileno=int(sys.argv[2]))
HEADER = struct.Struct("<4sHHIIQQQQ")

def hello(magic=b"FFIS", version=1, status=0, nonce=None, library={LIBRARY!r}, pid=0, nbytes=84):
    HEADER.unpack(control.recv(48, socket.MSG_WAITALL))
    nonce = control.recv(16, socket.MSG_WAITALL) if nonce is None else nonce
    body = struct.pack("<16s64sI", nonce, library.encode(), pid or os.getpid())
    control.sendall(HEADER.pack(magic, version, 1, 0, status, 0, 1, nbytes, 0) + body)

def until_close():
    control.recv(48, socket.MSG_WAITALL)

"""


def program(script: str) -> list[str]:
    """The words that run `script`, in which `hello(...)` answers the handshake."""
    return [sys.executable, "-S", "-I", "-c", _PRELUDE + script]


def started(script: str, arguments: Sequence[str] = (), **options: Any) -> WorkerProcess:
    """A worker that runs `script`."""
    return WorkerProcess(program(script), arguments, LIBRARY, **options)


def obedient(**options: Any) -> WorkerProcess:
    """A worker that answers the handshake, and ends when it is told to."""
    return started("hello()\nuntil_close()", **options)
