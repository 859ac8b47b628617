"""Benches of several processes in turns: one measures, and the others wait.

A bench under `--in-turns` says on its standard output how far it is, a JSON line each time: when it is ready to
measure, and after each of its worker processes. Then it waits for a line on its standard input.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

from ffi_spectrum.errors import MeasurementError
from ffi_spectrum.measure.observer import Observer

# A player that stays silent longer is stuck: everything that it runs has a deadline of its own, and the longest are
# the compiles before its first turn.
SILENCE_S = 1800.0
# What a player gets to end by itself, its worker included.
FAREWELL_S = 10.0


class TurnObserver(Observer):
    """Makes a run wait for its turns; KeyboardInterrupt where nobody is left to give one."""

    _most_s = 0.0

    def bound(self, most_s: float) -> None:
        self._most_s = most_s

    def start(self, total_processes: int, done: int, predicted_s: float) -> None:
        self._wait(done, total_processes, predicted_s)

    def process_done(self, panel_id: str, done: int, total: int, seconds_left: float) -> None:
        self._wait(done, total, seconds_left)

    def _wait(self, done: int, total: int, seconds: float) -> None:
        sys.stdout.write(json.dumps([done, total, seconds, self._most_s]) + "\n")
        sys.stdout.flush()
        if not sys.stdin.readline():
            raise KeyboardInterrupt("stopped: the bench that gives the turns has ended")


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a player is: processes on disk, of how many to its next look; seconds to it, and to its end at most."""

    done: int
    total: int
    left_s: float
    most_s: float


class Player:
    """A bench that takes turns, as a child process; `standing` is its latest.

    Making one starts it and waits until it is ready to measure. Raises MeasurementError, here and in `take_turn`, with
    the child's own sentence where it fails.
    """

    def __init__(self, name: str, command: Sequence[str | Path]) -> None:
        self.name = name
        self.is_over = False
        self.standing = Standing(0, 0, 0.0, 0.0)
        self._messages: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the rest, by `close`
        # a process group of its own: Ctrl-C reaches only us, and we end it
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._messages, bufsize=0, process_group=0
        )
        try:
            self._hear()
        except BaseException:
            self.close()
            raise

    @property
    def ended_with(self) -> int | None:
        """Its exit code, negative for a signal; None while it runs."""
        return self._process.returncode

    def take_turn(self) -> None:
        """Let it run one worker process."""
        with suppress(BrokenPipeError):  # it has ended, and what it said last will tell why
            _pipe(self._process.stdin).write(b"\n")
        self._hear()

    def close(self) -> None:
        """End it: as Ctrl-C would, and by force where that does not help. Nothing more is to come from it."""
        self.is_over = True
        self.standing = replace(self.standing, total=self.standing.done)
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(FAREWELL_S)
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._messages):
            if stream is not None:
                stream.close()

    def _hear(self) -> None:
        """Wait for its next line, or its end."""
        output = _pipe(self._process.stdout)
        if not select.select([output], [], [], SILENCE_S)[0]:
            raise MeasurementError(f"it said nothing for {SILENCE_S:g} s")
        line = output.readline()
        if line:
            self.standing = _standing(line)
            return
        self.is_over = True
        try:
            exit_code = self._process.wait(FAREWELL_S)
        except subprocess.TimeoutExpired:
            raise MeasurementError("it closed its output and did not end") from None
        if exit_code != 0:
            raise MeasurementError(self._last_words(exit_code))

    def _last_words(self, exit_code: int) -> str:
        self._messages.seek(0)
        lines = self._messages.read().decode(errors="replace").strip().splitlines()
        if exit_code < 0 or not lines:
            return f"it was ended by signal {-exit_code}" if exit_code < 0 else f"it ended with exit code {exit_code}"
        return lines[-1].removeprefix("ffi-spectrum: ")


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    assert stream is not None, "Popen was asked for a pipe"
    return stream


def _standing(line: bytes) -> Standing:
    try:
        done, total, left_s, most_s = json.loads(line)
        return Standing(int(done), int(total), float(left_s), float(most_s))
    except (ValueError, TypeError) as error:
        raise MeasurementError(f"it said {line[:80]!r} instead of how far it is") from error


def play(players: Sequence[Player], ended: Callable[[Player, str], None], moved: Callable[[], None]) -> None:
    """Turns until all are over, one worker process each: A B, B A, A B, ...

    So a drift of the machine that is linear over two rounds adds the same to each player. `ended` hears of a player
    that ends before its time, with its reason; `moved` is called after every turn.
    """
    order = list(players)
    while any(not player.is_over for player in order):
        for player in order:
            if player.is_over:
                continue
            try:
                player.take_turn()
            except MeasurementError as error:
                player.close()
                ended(player, str(error))
            moved()
        order.reverse()
