"""Where a command writes: results to standard output, progress and remarks to standard error."""

from __future__ import annotations

import io
import os
import shlex
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

NAME = "ffi-spectrum"
# A file or a pipe has no width; this one holds every column.
UNBOUNDED_WIDTH = 140


@dataclass(frozen=True, slots=True)
class Screen:
    """`out` is what a user may redirect; `err` is for the person who waits."""

    out: Console
    err: Console


def open_screen() -> Screen:
    """The process's own streams; characters that their encoding lacks are shown as "?"."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    return Screen(_console(is_error=False), _console(is_error=True))


def program() -> str:
    """What to type to run this program again: its name if PATH has it, else how it was started."""
    if shutil.which(NAME):
        return NAME
    started = Path(sys.argv[0])
    words = [str(started)] if started.name == NAME else [sys.executable, "-m", "ffi_spectrum"]
    return shlex.join(words)


def _console(is_error: bool) -> Console:
    console = Console(stderr=is_error, highlight=False, markup=False, emoji=False)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = UNBOUNDED_WIDTH
    return console
