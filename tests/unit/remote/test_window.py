"""Pipelining: never more than a window outstanding, answers in order, and no wait for a worker that waits for us."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given

from ffi_spectrum.remote.window import Rest, Window


class Fake:
    """A worker that takes `room` requests before its answers are read, and a part of the next one."""

    def __init__(self, room: int = 1000) -> None:
        self.room = room
        self.sent: list[int] = []
        self.received: list[int] = []
        self.most = 0
        self.fails_at = -1

    def send(self, n: int) -> Rest:
        self.sent.append(n)
        return self._after_sending("rest")

    def send_rest(self, rest: Rest, *, may_wait: bool) -> Rest:
        if may_wait:
            assert len(self.sent) - 1 == len(self.received), "waits although there are answers to read"
            return []
        return self._after_sending("rest of the rest")

    def _after_sending(self, rest: str) -> Rest:
        outstanding = len(self.sent) - len(self.received)
        self.most = max(self.most, outstanding)
        return [rest] if outstanding > self.room else []

    def receive(self, n: int) -> Any:
        if n == self.fails_at:
            raise ConnectionResetError
        assert n == len(self.received)
        assert n in self.sent
        self.received.append(n)
        return f"value {n}"


def never(error: BaseException) -> None:
    pytest.fail(f"abandoned because of {error!r}")


@given(st.integers(1, 70), st.lists(st.integers(0, 200), max_size=4), st.integers(0, 100))
def test_every_call_is_sent_and_answered_in_order(size: int, blocks: list[int], room: int) -> None:
    fake = Fake(room)
    window = Window(size, fake, never)
    total = 0
    for calls in blocks:
        for _ in range(calls):
            window.submit()
        total += calls
        assert window.drain() == (f"value {total - 1}" if calls else None)
    assert fake.sent == fake.received == list(range(total))
    assert fake.most <= size


def test_the_window_fills_before_anything_is_waited_for() -> None:
    fake = Fake()
    window = Window(8, fake, never)
    for _ in range(8):
        window.submit()
    assert fake.received == []
    window.submit()
    assert fake.received == [0]


def test_full_buffers_are_relieved_by_reading() -> None:
    """The third call cannot be sent as a whole: the oldest answer is read, and then it can."""
    fake = Fake(room=2)
    window = Window(64, fake, never)
    for _ in range(3):
        window.submit()
    assert fake.received == [0]


@pytest.mark.parametrize("draining", [True, False])
def test_an_error_abandons_the_channel(draining: bool) -> None:
    fake = Fake()
    told: list[BaseException] = []
    fake.fails_at = 0
    window = Window(1, fake, told.append)
    window.submit()
    with pytest.raises(ConnectionResetError):
        window.drain() if draining else window.submit()
    assert [type(error) for error in told] == [ConnectionResetError]
