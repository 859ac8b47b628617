"""Showing how far a run is: a bar on a terminal, plain lines anywhere else."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from ffi_spectrum.measure.observer import Observer
from ffi_spectrum.report.numbers import duration, time_span

# Without a terminal, at least this long between two lines of progress.
QUIET_S = 5.0


class BenchProgress(Observer):
    """Draws only between processes: no thread refreshes the bar, for it would share the machine with a measurement.

    `done` and `total` count processes on disk; `total` is 0 until measuring starts.
    """

    def __init__(self, console: Console, clock: Callable[[], float] = time.monotonic) -> None:
        self.done = self.total = 0
        self._most_s = 0.0
        self._console = console
        self._clock = clock
        self._last_line_s = clock()
        self._bar = Progress(
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[left]}"),
            console=console, auto_refresh=False, transient=True, disable=not console.is_terminal,
        )  # fmt: skip
        self._task = self._bar.add_task("preparing", total=None, left="")

    def __enter__(self) -> BenchProgress:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def building(self, what: str) -> None:
        self._step(f"building {what}")

    def unavailable(self, rung: str, reason: str) -> None:
        self._console.print(f"{rung} is unavailable: {reason}")

    def proving(self, panel_id: str) -> None:
        self._step(f"counting calls {panel_id}")

    def warn(self, text: str) -> None:
        self._console.print(f"warning: {text}")

    def bound(self, most_s: float) -> None:
        self._most_s = most_s

    def start(self, total_processes: int, done: int, predicted_s: float) -> None:
        self.done, self.total = done, total_processes
        earlier = f", {done} of them from before" if done else ""
        about = time_span(predicted_s, self._most_s)
        self._console.print(f"measuring in {total_processes} processes{earlier}, {about}")
        self._bar.update(self._task, description="measuring", total=total_processes, completed=done, refresh=True)

    def process_done(self, panel_id: str, done: int, total: int, seconds_left: float) -> None:
        self.done, self.total = done, total
        left = f"{duration(seconds_left if done < total else 0.0)} left"
        self._bar.update(self._task, completed=done, total=total, left=left, refresh=True)
        if self._bar.disable and (done == total or self._clock() - self._last_line_s >= QUIET_S):
            self._line(f"{done} of {total} processes, {left}")

    def go_on(self, panels: int, total: int, predicted_s: float) -> None:
        more = f"{total - self.done} processes more, about {duration(predicted_s)}"
        self._console.print(f"panels that are not precise yet: {panels}; {more}")
        self.total = total
        self._bar.update(self._task, total=total, refresh=True)

    def _step(self, text: str) -> None:
        self._bar.update(self._task, description=text, refresh=True)
        if self._bar.disable:
            self._line(text)

    def _line(self, text: str) -> None:
        self._last_line_s = self._clock()
        self._console.print(text)
