"""The client's side of the ring in pure Python; native/support/ring.h has the layout and the other side.

Python has no fence. It needs none on x86-64, whose stores become visible in the order in which they were made: a
request's `seq`, one aligned store behind all the others, publishes it. What does need one is to look whether the worker
sleeps after having published, so this side never looks: where the worker may sleep, it always writes the eventfd.
"""

from __future__ import annotations

import os
import platform
import select
import struct
import time
from collections.abc import Sequence
from functools import partial
from itertools import repeat

from ffi_spectrum.errors import Unavailable
from ffi_spectrum.remote import frame
from ffi_spectrum.remote.channel import Channel
from ffi_spectrum.remote.process import WorkerProcess

# struct ffis_ring of native/support/ring.h, in bytes
LAYOUT, FIRST, REQUEST_BELL, WORKER_SPIN_NS, CLIENT_SPINS = 0, 4, 128, 384, 388
REQUESTS, RESPONSES, RING_NBYTES = 768, 8960, 16384
LAYOUT_VERSION, ENTRIES, REQUEST_NBYTES, RESPONSE_NBYTES = 1, 64, 128, 64
# What stands behind a request's `seq`: kernel, op, reserved, times; the slots follow.
HEAD = struct.Struct("<IIIQ")
# FFIS_RING_FOREVER: a spin of so many nanoseconds has no end.
FOREVER = 2**32 - 1

# Looks at a response between two looks at the worker and the clock: about 30 us.
_LOOKS = 1000
# The same for a wait that sleeps.
_SLICE_MS = 20
# A worker that spins goes to sleep in the end (FFIS_PATIENCE_NS of serve_ring.h), and may have when the request came.
_SLEEPY_S = 0.02


def check_machine() -> None:
    """Raise Unavailable where a plain store does not publish what was stored before it."""
    machine = platform.machine()
    if machine not in ("x86_64", "AMD64"):
        raise Unavailable(
            f"a ring in pure Python needs a processor that keeps the order of stores (x86-64), and this is {machine}: "
            "use shm_ring, whose extension has the barriers"
        )


def lay_out(memory: memoryview, first: int = 0) -> None:
    """Make an empty ring of memory that is all zeros, before the worker starts; its first request is number `first`."""
    words = memory[:RING_NBYTES].cast("I")
    words[LAYOUT // 4], words[FIRST // 4] = LAYOUT_VERSION, first


class RingChannel(Channel):
    """A ring in `memory`, of `worker`, which sleeps in a read of the first of `eventfds`, and wakes us with the second.

    `blocks` is how this side waits: by a poll of its eventfd, or by a spin.
    """

    def __init__(self, worker: WorkerProcess, memory: memoryview, eventfds: Sequence[int], deadline_s: float) -> None:
        pidfd = os.dup(worker.pidfd)
        super().__init__(worker, deadline_s, partial(_close, (*eventfds, pidfd)))
        self._bytes = memory
        self._words = memory[:RING_NBYTES].cast("I")
        self._request_eventfd, self._response_eventfd = eventfds
        self._next = self._words[FIRST // 4]  # the number of the next request, modulo 2^32
        self._blocks = True
        self._rings = True  # the worker may be asleep
        self._ended = select.poll()
        self._ended.register(pidfd, select.POLLIN)
        self._answered = select.poll()
        self._answered.register(pidfd, select.POLLIN)
        self._answered.register(self._response_eventfd, select.POLLIN)

    def set_deadline(self, deadline_s: float) -> None:
        self.deadline_s = deadline_s

    def request(self, header: frame.Header, body: bytes = b"") -> bytes:
        at = self.exchange(HEAD.pack(header.kernel, header.op, 0, header.times) + body)
        return bytes(self._bytes[at : at + 8])

    def park(self) -> None:
        """Have the worker sleep until the next call, which will wake it."""
        self._rings = True
        self._words[WORKER_SPIN_NS // 4] = 0

    def unpark(self, *, blocks: bool) -> None:
        """Wake the worker, and have both sides sleep while they wait, or spin."""
        self._rings, self._blocks = True, blocks
        self._words[WORKER_SPIN_NS // 4] = 0 if blocks else FOREVER
        self._words[CLIENT_SPINS // 4] = not blocks
        self.ping()
        self._rings = blocks

    def exchange(self, body: bytes) -> int:
        """Send a request, wait for its answer, and return where its result lies; `body` is HEAD and the slots."""
        try:
            at = self._await(self._publish(body))
        except BaseException as error:  # one block: Ctrl-C between sending and receiving leaves an answer to come
            self.give_up(error)
            raise
        return self._result_at(at)

    def send(self, body: bytes) -> int:
        """Publish a request, and return its ticket; at most ENTRIES may be without an answer."""
        try:
            return self._publish(body)
        except BaseException as error:
            self.give_up(error)
            raise

    def receive(self, ticket: int) -> int:
        """Wait for the answer to the request with this ticket, and return where its result lies."""
        try:
            at = self._await(ticket)
        except BaseException as error:
            self.give_up(error)
            raise
        return self._result_at(at)

    def _publish(self, body: bytes) -> int:
        """The ticket is what `seq` becomes."""
        if self.retired:
            raise ConnectionError
        at = REQUESTS + self._next % ENTRIES * REQUEST_NBYTES
        self._next = ticket = (self._next + 1) % 2**32
        self._bytes[at + 4 : at + 4 + len(body)] = body
        self._words[at // 4] = ticket
        if self._rings:
            os.eventfd_write(self._request_eventfd, 1)
        return ticket

    def _await(self, ticket: int) -> int:
        if self.retired:
            raise ConnectionError
        at = (RESPONSES + (ticket - 1) % ENTRIES * RESPONSE_NBYTES) // 4
        if self._words[at] != ticket:
            self._wait(at, ticket)
        return at

    def _result_at(self, at: int) -> int:
        if self._words[at + 1] != frame.OK:
            raise frame.refusal(self._words[at + 1])
        return at * 4 + 8

    def _wait(self, at: int, ticket: int) -> None:
        words, start = self._words, time.monotonic()
        while True:
            if self._blocks:
                self._sleep()
            for _ in repeat(None, 1 if self._blocks else _LOOKS):
                if words[at] == ticket:
                    return
            if self._ended.poll(0):
                if words[at] == ticket:  # its last deed
                    return
                raise EOFError
            waited_s = time.monotonic() - start
            if waited_s > self.deadline_s:
                raise TimeoutError
            if not self._rings and waited_s > _SLEEPY_S:
                os.eventfd_write(self._request_eventfd, 1)

    def _sleep(self) -> None:
        """Wait until the worker rings or ends, or for a slice of time."""
        for fd, _ in self._answered.poll(_SLICE_MS):
            if fd == self._response_eventfd:
                os.eventfd_read(fd)


def _close(fds: Sequence[int]) -> None:
    for fd in fds:
        os.close(fd)
