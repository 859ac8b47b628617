"""What both clients of the ring share: its memory, the worker that serves it, and how the two sides wait."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, NoReturn

from ffi_spectrum.errors import BadArgument, CallError, ChannelRetired, DeadlineExceeded
from ffi_spectrum.remote import frame
from ffi_spectrum.remote.process import WorkerProcess
from ffi_spectrum.remote.ring_channel import FOREVER
from ffi_spectrum.toolchain.artifact import Artifact

# Any call fits into the staging area, and several into the arena. Pages that nobody touches cost nothing.
STAGING_NBYTES = frame.LIMIT_NBYTES
ARENA_NBYTES = 4 * frame.LIMIT_NBYTES


class Waiting(NamedTuple):
    """How long the client spins for an answer, and the worker for a request, before it sleeps."""

    spin_ns: int
    worker_spin_ns: int


# A hybrid spins for about as long as half a wake-up on another core takes.
WAITING = {"spin": Waiting(FOREVER, FOREVER), "futex": Waiting(0, 0), "hybrid": Waiting(20_000, 20_000)}


def start_worker(
    artifacts: Mapping[str, Artifact], fd: int, nbytes: int, eventfds: Sequence[int] = ()
) -> WorkerProcess:
    """A worker that serves the ring in the memory of `fd`, which is closed here; raises as WorkerProcess does."""
    arguments = ["ring", str(fd), str(nbytes), *map(str, eventfds)]
    sha256 = artifacts["library"].facts["sha256"]
    return WorkerProcess([str(artifacts["worker"].path)], arguments, sha256, given_fds=[fd], pass_fds=eventfds)


class Failures:
    """Why a ring cannot be used: raises the error for it, the first time and at every later call.

    It holds the worker, and nothing of the ring holds it in turn but the ring itself: there is no cycle to collect.
    """

    ENDED, DEADLINE, RETIRED, STATUS, TOO_LARGE, BUSY = range(1, 7)  # enum ffis_reason of ring_channel.h

    def __init__(self, deadline_s: float) -> None:
        self.deadline_s = deadline_s
        self.retired = ""
        self.worker: WorkerProcess | None = None

    def __call__(self, reason: int, status: int = frame.OK) -> NoReturn:
        assert self.worker is not None
        if reason == self.ENDED:
            death = self.worker.death()
            self.retired = str(death)
            self.worker.kill()
            raise death
        if reason == self.DEADLINE:
            self.retired = f"the worker (process {self.worker.pid}) gave no answer within {self.deadline_s:g} s"
            self.worker.kill()
            raise DeadlineExceeded(f"{self.retired}, and was killed: open the rung again")
        if reason == self.STATUS:
            raise frame.refusal(status)
        if reason == self.TOO_LARGE:
            raise BadArgument(f"the call's buffers are larger than {STAGING_NBYTES} bytes: make several calls of it")
        if reason == self.BUSY:
            raise CallError("the ring serves one call at a time, and one is under way: open a rung for each thread")
        raise ChannelRetired(f"no call can be made any more, because {self.retired}: open the rung again")
