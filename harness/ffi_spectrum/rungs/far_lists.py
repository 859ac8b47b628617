"""Recorded lists that a worker runs: checked once in its own process, and then run by one request each time."""

from __future__ import annotations

import struct
import weakref
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

from ffi_spectrum.errors import BadArgument
from ffi_spectrum.remote import frame
from ffi_spectrum.rungs.base import BoundCall
from ffi_spectrum.rungs.sealed_memory import SealedMemory

# FFIS_MAX_LISTS and FFIS_MAX_COMMANDS of native/support/lists.h
MAX_LISTS, MAX_COMMANDS = 64, 2**20
# struct ffis_rows
_ROWS = struct.Struct("<QQQ")


class _Life:
    """Something whose end can be told."""

    __slots__ = ("__weakref__",)


class FarLists(ABC):
    """The lists of one connection. Each is forgotten when no call that replays it is left, before the next is recorded.

    Not at once: an object's end can come at any time, in the middle of a request, say.
    """

    def __init__(self) -> None:
        self._ended: deque[int] = deque()
        self._count = 0

    @abstractmethod
    def offset_of(self, array: Any) -> int:
        """Where an ndarray lies as the worker counts; raises BadArgument where the worker has not mapped it."""

    @abstractmethod
    def _record(self, offset: int, count: int, stride: int) -> int: ...

    @abstractmethod
    def _forget(self, id_: int) -> None: ...

    @abstractmethod
    def _replay(self, id_: int) -> BoundCall: ...

    def bind(self, rows: Any, link: object) -> BoundCall:
        """The call that replays the list in `rows`, an ndarray of uint64 words in shared memory, through `link`.

        Raises BadArgument for a list that is too long or one too many, and where the worker finds a buffer that it must
        not touch.
        """
        count, stride = rows.shape
        if count > MAX_COMMANDS:
            raise BadArgument(f"a list of {count} calls; a worker keeps {MAX_COMMANDS} in one: record several lists")
        while self._ended:
            self._count -= 1  # first: a Ctrl-C in between must not cost a place, as the request is out by then
            self._forget(self._ended.popleft())
        if self._count == MAX_LISTS:
            raise BadArgument(f"the worker keeps {MAX_LISTS} lists already: let go of one, or open another rung")
        id_ = self._record(self.offset_of(rows), count, stride)
        self._count += 1
        life = _Life()
        weakref.finalize(life, self._ended.append, id_).atexit = False
        bound = self._replay(id_)
        return BoundCall(bound.call, bound.names, owner=(link, rows, life))


class Requests(Protocol):
    """A channel whose requests may have a body."""

    def request(self, header: frame.Header, body: bytes = b"") -> bytes: ...


class RequestedLists(FarLists):
    """The lists of a channel; `prepare` makes the call that sends a header and waits for an answer without a body."""

    def __init__(
        self, channel: Requests, memory: SealedMemory, prepare: Callable[[frame.Header], Callable[[], Any]]
    ) -> None:
        super().__init__()
        self._channel, self._memory, self._prepare = channel, memory, prepare

    def offset_of(self, array: Any) -> int:
        return self._memory.offset_of(array)

    def _record(self, offset: int, count: int, stride: int) -> int:
        header = frame.Header(frame.RECORD, nbytes=_ROWS.size)
        answer = self._channel.request(header, _ROWS.pack(offset, count, stride))
        return int.from_bytes(answer[:8], "little")

    def _forget(self, id_: int) -> None:
        self._channel.request(frame.Header(frame.FORGET, id_))

    def _replay(self, id_: int) -> BoundCall:
        return BoundCall("replay()", {"replay": self._prepare(frame.Header(frame.REPLAY, id_))})
