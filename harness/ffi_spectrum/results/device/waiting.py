"""What waiting for a device costs those who do not wait: CPU time, and the patience of another thread."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Waiting:
    """Waits of one kind for kernels of `busy_ns`, while another Python thread sleeps for a millisecond at a time.

    By wait: `elapsed_ns` from before the launch until the wait returned, and the CPU time that the waiting thread and
    the whole process (the sleeper included) used meanwhile. `late_ns`: by how much more each of the sleeps lasted, of
    all waits one after the other. `is_apart` says whether the sleeper had a CPU of its own.
    """

    busy_ns: int
    is_apart: bool
    elapsed_ns: list[int]
    thread_cpu_ns: list[int]
    process_cpu_ns: list[int]
    late_ns: list[int]
