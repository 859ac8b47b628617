"""The worker's side of the ring in pure Python, for the client in remote/ring_channel.py, whose layout it shares.

Like its client it has no fence, and needs none on x86-64: it sleeps in a read of an eventfd, which a client that may
find it asleep always writes, and it always writes the other one where the client does not spin.
"""

from __future__ import annotations

import os
import struct
import time
from collections.abc import Callable, Sequence
from itertools import repeat

from ffi_spectrum.remote.ring_channel import (
    CLIENT_SPINS,
    ENTRIES,
    FIRST,
    FOREVER,
    HEAD,
    REQUEST_NBYTES,
    REQUESTS,
    RESPONSE_NBYTES,
    RESPONSES,
    RING_NBYTES,
    WORKER_SPIN_NS,
)

# What stands behind a response's `seq`: status and result.
_ANSWER = struct.Struct("<IQ")
# Looks at a request between two looks at the clock, and how long a worker spins in vain before it sleeps all the same
# (FFIS_PATIENCE_NS of native/support/serve_ring.h).
_LOOKS = 1000
_PATIENCE_S = 1.0

# Status and result of a request: op, kernel, times and all its slots, which were read once.
Obey = Callable[[int, int, int, bytes], tuple[int, int]]


class RingServer:
    """Takes the requests of the ring in `memory` in order; `eventfds` are the request's and the response's."""

    def __init__(self, memory: memoryview, eventfds: Sequence[int], obey: Obey) -> None:
        self._bytes = memory
        self._words = memory[:RING_NBYTES].cast("I")
        self._request_eventfd, self._response_eventfd = eventfds
        self._obey = obey
        self._next = self._words[FIRST // 4]

    def serve(self) -> None:
        """Serve without an end: the process ends with its control socket."""
        while True:
            self._answer(self._await())

    def _await(self) -> int:
        """Wait for the next request; where it lies."""
        at = REQUESTS + self._next % ENTRIES * REQUEST_NBYTES
        self._next = (self._next + 1) % 2**32
        words, word, ticket, start = self._words, at // 4, self._next, time.monotonic()
        while words[word] != ticket:
            if words[WORKER_SPIN_NS // 4] != FOREVER or time.monotonic() - start > _PATIENCE_S:
                os.eventfd_read(self._request_eventfd)
                start = time.monotonic()
            for _ in repeat(None, _LOOKS if words[WORKER_SPIN_NS // 4] == FOREVER else 1):
                if words[word] == ticket:
                    break
        return at

    def _answer(self, at: int) -> None:
        kernel, op, _, times = HEAD.unpack_from(self._bytes, at + 4)
        slots = bytes(self._bytes[at + 4 + HEAD.size : at + REQUEST_NBYTES])
        status, result = self._obey(op, kernel, times, slots)
        answer = RESPONSES + (at - REQUESTS) // REQUEST_NBYTES * RESPONSE_NBYTES
        _ANSWER.pack_into(self._bytes, answer + 4, status, result)
        self._words[answer // 4] = self._next
        if not self._words[CLIENT_SPINS // 4]:
            os.eventfd_write(self._response_eventfd, 1)
