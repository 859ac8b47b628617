"""One bidirectional stream, whose every answer has a deadline."""

from __future__ import annotations

import math
import threading
import time
import weakref
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any

import grpc

Requests = SimpleQueue[bytes | None]


class Stream:
    """Requests are written by a thread of gRPC's, and answered in order; `rpc` starts the stream."""

    def __init__(self, rpc: Callable[..., Any], deadline_s: float) -> None:
        self._requests: Requests = SimpleQueue()
        self._call = rpc(iter(self._requests.get, None))
        self._watch = Watch(self._call.cancel, deadline_s)
        self._watch.start()
        weakref.finalize(self, _end, self._requests, self._watch, self._call)

    def send(self, content: bytes) -> None:
        """Have a message written, without waiting for it."""
        self._requests.put(content)

    def set_deadline(self, deadline_s: float) -> None:
        """Change how long every later answer may take."""
        self._watch.set_deadline(deadline_s)

    def receive(self) -> bytes:
        """The next answer; raises TimeoutError, EOFError and gRPC's errors, after each of which nothing more comes."""
        self._watch.begin()
        try:
            content: bytes = next(self._call)
        except StopIteration:
            raise EOFError("the worker ended the stream") from None
        except grpc.RpcError as error:
            if self._watch.is_late:
                raise TimeoutError from error
            raise
        finally:
            self._watch.end()
        return content


def _end(requests: Requests, watch: Watch, call: Any) -> None:
    watch.stop()
    requests.put(None)
    call.cancel()


class Watch(threading.Thread):
    """Cancels a stream whose answer is late: to gRPC a deadline is the whole stream's, and so this one has none.

    `begin` wakes nobody up: the thread never sleeps longer than the deadline, so that it is awake when a call that
    began in the meantime is due.
    """

    def __init__(self, cancel: Callable[[], object], deadline_s: float) -> None:
        super().__init__(name="ffi-spectrum-grpc-watch", daemon=True)
        self.is_late = False
        self._cancel = cancel
        self._deadline_s = deadline_s
        self._until = math.inf
        self._changed = threading.Event()
        self._is_over = False

    def set_deadline(self, deadline_s: float) -> None:
        self._deadline_s = deadline_s
        self._changed.set()

    def begin(self) -> None:
        """An answer is due from now on."""
        self._until = time.monotonic() + self._deadline_s

    def end(self) -> None:
        """The answer has come."""
        self._until = math.inf

    def stop(self) -> None:
        """Let the thread end."""
        self._is_over = True
        self._changed.set()

    def run(self) -> None:
        while not self._is_over:
            left_s = self._until - time.monotonic()
            if left_s <= 0:
                self.is_late = True
                self._cancel()
                return
            self._changed.wait(min(left_s, self._deadline_s))
            self._changed.clear()
