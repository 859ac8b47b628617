"""Light processes of our own, and what they may leave behind."""

from __future__ import annotations

import time
from collections.abc import Sequence

import psutil

from ffi_spectrum.measure.sampling import Protocol, sample_once
from ffi_spectrum.measure.snippet import Snippet
from ffi_spectrum.results.sample import Sample

BRIEF = Protocol(rounds=6, block_ns=2_000, deadline_s=60)


def sampled(*snippets: Snippet, protocol: Protocol = BRIEF, seed: int = 1) -> Sample:
    return sample_once(snippets, protocol, seed)


def wait_until_gone(pids: Sequence[int]) -> None:
    """Fails where one of the processes is still alive (not a zombie that waits for init) after ten seconds."""
    give_up = time.monotonic() + 10
    left = set(pids)
    while left and time.monotonic() < give_up:
        left = {pid for pid in left if psutil.pid_exists(pid) and psutil.Process(pid).status() != "zombie"}
        time.sleep(0.01)
    assert not left
