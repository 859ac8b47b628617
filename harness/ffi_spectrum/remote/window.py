"""Calls that are issued now and waited for later, never more than a window of them at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

Rest = list[Any]


class Pipeline(Protocol):
    """What a transport gives: call number `n` (0, 1, ...) is sent and received in order."""

    def send(self, n: int) -> Rest:
        """Send without waiting, and return what could not be sent (empty: nothing)."""

    def send_rest(self, rest: Rest, *, may_wait: bool) -> Rest:
        """Go on with what could not be sent."""

    def receive(self, n: int) -> Any:
        """Wait for the answer; its value."""


class Window:
    """At most `size` calls are outstanding; `abandon` is told of an error that came between them and their answers.

    Where a call cannot be sent at once, the oldest answer is taken first: a worker whose answers are not read stops to
    read requests, and both sides would wait for ever.
    """

    def __init__(self, size: int, pipeline: Pipeline, abandon: Callable[[BaseException], object]) -> None:
        self._size = size
        self._pipeline = pipeline
        self._abandon = abandon
        self._sent = self._received = 0

    def submit(self) -> None:
        """Issue one call; takes in the oldest answer before, if the window is full."""
        try:
            if self._sent - self._received == self._size:
                self._receive()
            rest = self._pipeline.send(self._sent)
            while rest:
                is_idle = self._sent == self._received
                if not is_idle:
                    self._receive()
                rest = self._pipeline.send_rest(rest, may_wait=is_idle)
            self._sent += 1
        except BaseException as error:
            self._abandon(error)
            raise

    def drain(self) -> Any:
        """Take in all answers; the last call's value, None where nothing was outstanding."""
        value = None
        try:
            while self._received < self._sent:
                value = self._receive()
        except BaseException as error:
            self._abandon(error)
            raise
        return value

    def _receive(self) -> Any:
        value = self._pipeline.receive(self._received)
        self._received += 1
        return value
