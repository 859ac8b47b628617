"""What one process saw of one rung that is called by several threads, or while somebody else waits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from ffi_spectrum.results.study import Key

STUDY = "threads"


@dataclass(frozen=True, slots=True)
class Throughput:
    """`threads` threads made `calls[i]` calls each, from a common start until `elapsed_ns[i]`, the end of its last."""

    threads: int
    calls: list[int]
    elapsed_ns: list[int]

    @property
    def calls_per_ns(self) -> float:
        return sum(calls / elapsed for calls, elapsed in zip(self.calls, self.elapsed_ns, strict=True))


@dataclass(frozen=True, slots=True)
class Waits:
    """How late each sleep of a millisecond ended, while `calls` calls were made in `elapsed_ns`."""

    calls: int
    elapsed_ns: int
    late_ns: list[int]


@dataclass(frozen=True, slots=True)
class ThreadsRecord:
    """One process of one way: a rung, or rung.variant.

    `size` is the kernel's, chosen so that a call takes about as long as was asked for; `call_ns` is what one
    call took with nobody else about, the first after the others' buffers were made. `waits` are those of "thread"
    (another thread sleeps), "to_thread" (an event loop whose calls go through asyncio.to_thread) and "direct" (an event
    loop that makes the calls itself); a control has those of "idle_thread" and "idle_loop", with no calls.
    `others_cpus` is how many CPUs were busy meanwhile with something else than this process and its workers, 0 where no
    system says so.
    """

    way: str
    kernel: str
    size: int
    process: int
    seed: int
    call_ns: int
    throughputs: list[Throughput]
    waits: dict[str, Waits]
    others_cpus: float
    kind: Literal["threads"] = "threads"

    @property
    def key(self) -> Key:
        return (STUDY, self.way, self.process)


KINDS: dict[str, type[Any]] = {"threads": ThreadsRecord}
