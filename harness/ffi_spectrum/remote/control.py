"""The worker's end of its life cycle, for workers written in Python: bound to its parent, and told when to end."""

from __future__ import annotations

import ctypes
import os
import socket
import sys
import threading
from contextlib import suppress
from typing import NoReturn

from ffi_spectrum.errors import ProtocolError
from ffi_spectrum.remote import frame

# prctl(2); the signal is SIGKILL, whose number is the same on every Linux
_PR_SET_PDEATHSIG, _SIGKILL = 1, 9


def bind_to_parent(parent_pid: int) -> None:
    """Be killed when the thread that started this process ends; exit at once where the parent is not `parent_pid`."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, _SIGKILL, 0, 0, 0)
    if os.getppid() != parent_pid:
        sys.exit("the process that started this worker has ended, or is another than stated")


def watch_control(fd: int, library_sha256: str) -> None:
    """Answer HELLO on the control socket from a thread of its own, and end the process at CLOSE or the socket's end.

    To be called when the worker is ready to serve: its answer says so.
    """
    control = socket.socket(fileno=fd)
    threading.Thread(target=_watch, args=(control, library_sha256), daemon=True).start()


def refuse_control(fd: int, status: int) -> NoReturn:
    """Answer HELLO with the status that says why nothing will be served, and end the process."""
    with socket.socket(fileno=fd) as control, suppress(OSError, EOFError, ProtocolError):
        header = frame.unpack_header(_receive(control, frame.HEADER.size))
        _receive(control, header.nbytes)
        control.sendall(header._replace(status=status, nbytes=0).pack())
    sys.exit(1)


def _watch(control: socket.socket, library_sha256: str) -> None:
    try:
        while True:
            header = frame.unpack_header(_receive(control, frame.HEADER.size))
            if header.op == frame.HELLO and header.nbytes == frame.NONCE_NBYTES:
                nonce = _receive(control, header.nbytes)
                body = frame.HELLO_ANSWER.pack(nonce, library_sha256.encode(), os.getpid())
                control.sendall(header._replace(nbytes=len(body)).pack() + body)
            elif header.op == frame.CLOSE:
                break
            else:
                control.sendall(frame.Header(header.op, status=frame.BAD_OP, id=header.id).pack())
                break  # what follows in the stream is unknown
    except (OSError, EOFError, ProtocolError):
        pass  # the client is gone, or talks nonsense: it can have no answer
    finally:
        os._exit(0)


def _receive(control: socket.socket, nbytes: int) -> bytes:
    content = control.recv(nbytes, socket.MSG_WAITALL)
    if len(content) < nbytes:
        raise EOFError
    return content
