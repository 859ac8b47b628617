"""What a process has and leaves behind: descriptors, children, shared memory."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import psutil


class Belongings(NamedTuple):
    """Descriptors of this process, its children, and files in /dev/shm that could be ours."""

    descriptors: int
    children: tuple[int, ...]
    shared: tuple[str, ...]


def belongings() -> Belongings:
    """What this process has now."""
    return Belongings(
        len(list(Path("/proc/self/fd").iterdir())),
        tuple(child.pid for child in psutil.Process().children()),
        tuple(sorted(path.name for path in Path("/dev/shm").glob("*ffi*"))),
    )


def descriptors_of(pid: int) -> dict[int, str]:
    """What a process has open: number and what /proc calls it."""
    return {int(link.name): str(link.readlink()) for link in Path(f"/proc/{pid}/fd").iterdir()}


def is_running(pid: int) -> bool:
    """True where the process exists and is no zombie."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def waits_until(condition: Callable[[], bool], seconds: float = 1.0) -> bool:
    """True once the condition is; False where it is not within the time."""
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(0.005)
    return True
