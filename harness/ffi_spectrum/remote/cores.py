"""Which CPU a worker process runs on: the caller's own, or another."""

from __future__ import annotations

import os

from ffi_spectrum.errors import Unavailable

_allowed: list[int] = []


def remember_cpus() -> None:
    """Note the CPUs that this process may use, before it is pinned to one of them; workers may use them all."""
    _allowed[:] = sorted(os.sched_getaffinity(0))


def worker_cpu(cores: int) -> int:
    """The CPU for a worker: the caller's own (`cores` 1), or another that the caller may use (2).

    A caller that may use several is taken to be on the last of them. Raises Unavailable where there is but one CPU.
    """
    current = sorted(os.sched_getaffinity(0))
    allowed = sorted({*_allowed, *current})
    own = current[-1]
    if cores == 1:
        return own
    others = [cpu for cpu in allowed if cpu != own]
    if not others:
        raise Unavailable("a worker on another CPU needs two, and this process may use one; see taskset or cpuset")
    return others[-1]
