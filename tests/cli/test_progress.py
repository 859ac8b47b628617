"""Progress: a bar that only the run redraws, lines that are neither missing nor too many."""

from __future__ import annotations

import io
import threading

from rich.console import Console

from ffi_spectrum.commands.progress import QUIET_S, BenchProgress


def text_of(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_lines_are_at_least_a_while_apart_but_the_last_is_always_there() -> None:
    now = 0.0
    console = Console(file=io.StringIO(), width=100)
    with BenchProgress(console, lambda: now) as progress:
        progress.start(10, 0, 60.0)
        for done in range(1, 11):
            now += 0.4 * QUIET_S
            progress.process_done("p", done, 10, 60.0 - now)
    lines = [line for line in text_of(console).splitlines() if " of 10 processes" in line]
    assert [line.split()[0] for line in lines] == ["3", "6", "9", "10"]


def test_nothing_is_left_after_the_last_process() -> None:
    """Whatever the arithmetic of the prediction left over."""
    console = Console(file=io.StringIO(), width=100)
    with BenchProgress(console) as progress:
        progress.start(12, 0, 60.0)
        progress.process_done("p", 12, 12, 0.7)
    assert text_of(console).splitlines()[-1] == "12 of 12 processes, 0 s left"


def test_a_resumed_run_says_what_was_there() -> None:
    console = Console(file=io.StringIO(), width=100)
    with BenchProgress(console) as progress:
        progress.start(144, 36, 61.0)
    assert text_of(console) == "measuring in 144 processes, 36 of them from before, about 1 min 01 s\n"
    assert (progress.done, progress.total) == (36, 144)


def test_what_may_come_on_top_is_said_at_the_start_and_at_each_look() -> None:
    console = Console(file=io.StringIO(), width=100)
    with BenchProgress(console) as progress:
        progress.bound(600.0)
        progress.start(24, 0, 7.0)
        progress.process_done("p", 24, 24, 0.0)
        progress.go_on(1, 32, 2.4)
        assert (progress.done, progress.total) == (24, 32)
        progress.process_done("p", 32, 32, 0.0)
    assert text_of(console).splitlines() == [
        "measuring in 24 processes, about 7 s, at most 10 min 00 s",
        "24 of 24 processes, 0 s left",
        "panels that are not precise yet: 1; 8 processes more, about 2 s",
        "32 of 32 processes, 0 s left",
    ]


def test_a_terminals_bar_grows_with_the_looks() -> None:
    console = Console(file=io.StringIO(), width=100, force_terminal=True)
    with BenchProgress(console) as progress:
        progress.start(24, 0, 7.0)
        progress.process_done("p", 24, 24, 0.0)
        progress.go_on(1, 32, 2.4)
        progress.process_done("p", 25, 32, 2.1)
    assert "25/32" in text_of(console)


def test_no_thread_runs_beside_a_measurement() -> None:
    console = Console(file=io.StringIO(), width=100, force_terminal=True)
    before = threading.active_count()
    with BenchProgress(console) as progress:
        progress.building("cext")
        progress.start(4, 0, 9.0)
        progress.process_done("p", 1, 4, 6.5)
        assert threading.active_count() == before
        shown = text_of(console)
    assert "1/4" in shown
    assert "7 s left" in shown


def test_a_terminal_gets_remarks_above_the_bar() -> None:
    console = Console(file=io.StringIO(), width=100, force_terminal=True)
    with BenchProgress(console) as progress:
        progress.unavailable("cext", "no Python.h")
        progress.warn("the machine is busy")
    assert "cext is unavailable: no Python.h" in text_of(console)
    assert "warning: the machine is busy" in text_of(console)
