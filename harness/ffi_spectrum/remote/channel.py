"""The one connection to a worker: every failure has its own error, and ends the connection for good."""

from __future__ import annotations

import socket
import struct
import weakref
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import NoReturn

from ffi_spectrum.errors import CallError, ChannelRetired, DeadlineExceeded, ProtocolError
from ffi_spectrum.remote import frame
from ffi_spectrum.remote.process import WorkerProcess
from ffi_spectrum.remote.thunks import NO_COUNT

_TIMEVAL = struct.Struct("@ll")


class Channel(ABC):
    """A connection that serves one thread, and the worker behind it, which ends with it.

    What was asked and not answered would be taken for the next answer. So after a deadline, an answer that makes no
    sense, a Ctrl-C during a call or the worker's death, the channel is retired: the connection is closed and the worker
    killed, and every later call raises ChannelRetired.
    """

    def __init__(self, worker: WorkerProcess, deadline_s: float, disconnect: Callable[[], object]) -> None:
        self.worker = worker
        self.deadline_s = deadline_s
        self.retired = ""
        self._disconnect = weakref.finalize(self, disconnect)

    @abstractmethod
    def set_deadline(self, deadline_s: float) -> None:
        """Change how long every later call may wait."""

    @abstractmethod
    def request(self, header: frame.Header) -> bytes:
        """Send a request without a body, and return its answer's body."""

    def ping(self) -> None:
        """One round trip that runs nothing."""
        self.request(frame.Header(frame.PING))

    def count(self, kernel: int) -> int | None:
        """How often the kernel of this number was entered; None in a build that does not count."""
        body = self.request(frame.Header(frame.COUNT, kernel))
        count = int.from_bytes(body[:8], "little")
        return None if count == NO_COUNT else count

    def retire(self, why: str) -> None:
        """Close the connection and kill the worker; the first reason stays."""
        if not self.retired:
            self.retired = why
            self._disconnect()
            self.worker.kill()

    def give_up(self, error: BaseException) -> None:
        """Retire the channel because a send or a receive raised `error`, and raise what it means.

        Returns where the caller is to raise `error` itself, a KeyboardInterrupt say.
        """
        if self.retired:
            raise ChannelRetired(
                f"no call can be made any more, because {self.retired}: open the rung again"
            ) from error
        if isinstance(error, (BlockingIOError, TimeoutError)):
            why = f"the worker (process {self.worker.pid}) gave no answer within {self.deadline_s:g} s"
            self.retire(why)
            raise DeadlineExceeded(f"{why}, and was killed: open the rung again") from error
        if isinstance(error, (OSError, EOFError)):
            death = self.worker.death()
            self.retire(str(death))
            raise death from error
        self.abandon(error)

    def abandon(self, error: BaseException) -> None:
        """Retire the channel because `error` left requests without their answers."""
        self.retire(str(error) if isinstance(error, CallError) else f"a call was cut short by {type(error).__name__}")

    def refuse(self, answer: bytes | bytearray | memoryview, expected: frame.Header) -> NoReturn:
        """Raise what an answer other than `expected` means; a refusal of the worker's leaves the channel usable."""
        try:
            header = frame.unpack_header(answer)
        except ProtocolError as error:
            self.retire(str(error))
            raise
        is_ours = (header.op, header.id, header.nbytes) == (expected.op, expected.id, 0)
        if is_ours and frame.is_refusal(header.status):
            raise frame.refusal(header.status)
        self.retire(f"the worker answered {header} instead of {expected}")
        raise ProtocolError(self.retired)


def limit_waits(sock: socket.socket, deadline_s: float) -> None:
    """Have the kernel end every blocking receive with EAGAIN at the deadline: no call pays for a poll.

    A send that is stuck ends twice, as what could be sent is reported first: each time has half of the deadline.
    """
    for option, seconds in ((socket.SO_RCVTIMEO, deadline_s), (socket.SO_SNDTIMEO, deadline_s / 2)):
        microseconds = max(int(seconds * 1e6), 1)
        sock.setsockopt(socket.SOL_SOCKET, option, _TIMEVAL.pack(*divmod(microseconds, 1_000_000)))
