"""What a rung costs before its first call: records of builds, of starts, and of artifacts that were moved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from ffi_spectrum.results.study import Key

STUDY = "costs"
Moves = Literal["yes", "no", "not promised"]


@dataclass(frozen=True, slots=True)
class BuildRecord:
    """One build from an empty cache, and the same once more from what it left.

    For a rung the C library, the guest and the signatures were there already: only what the rung adds is built. The
    subjects "libffis.so" and "ffis.wasm" are these parts. `nbytes` are the files that the build made, by name.
    """

    subject: str
    process: int
    cold_s: float
    cached_s: float
    nbytes: dict[str, int]
    kind: Literal["build"] = "build"

    @property
    def key(self) -> Key:
        return (self.kind, self.subject, self.process)


@dataclass(frozen=True, slots=True)
class CompilerRecord:
    """Whether the rung was built, opened and called with no C compiler at hand; `reason` says what stopped it."""

    subject: str
    needs_compiler: bool
    reason: str
    kind: Literal["compiler"] = "compiler"

    @property
    def key(self) -> Key:
        return (self.kind, self.subject, 0)


@dataclass(frozen=True, slots=True)
class StartRecord:
    """One fresh process that imports the rung, opens it and makes a call.

    `first_call_s` is the time from the start of opening to the first call's result. The rss figures are how far the
    process's resident memory grew by then; `worker_rss_nbytes` is the memory of the rung's own process, 0 without one.
    """

    subject: str
    process: int
    import_s: float
    open_s: float
    first_call_s: float
    import_rss_nbytes: int
    rss_nbytes: int
    worker_rss_nbytes: int
    kind: Literal["start"] = "start"

    @property
    def key(self) -> Key:
        return (self.kind, self.subject, self.process)


@dataclass(frozen=True, slots=True)
class PackageRecord:
    """One bare interpreter that imports a package; `nbytes` are its installed files (0: part of Python)."""

    subject: str
    process: int
    import_s: float
    rss_nbytes: int
    nbytes: int
    kind: Literal["package"] = "package"

    @property
    def key(self) -> Key:
        return (self.kind, self.subject, self.process)


@dataclass(frozen=True, slots=True)
class PortabilityRecord:
    """Whether an artifact may be taken `to` somewhere else as it is; `evidence` is what was tried here, or why not."""

    artifact: str
    to: str
    moves: Moves
    is_tested: bool
    evidence: str
    kind: Literal["portability"] = "portability"

    @property
    def key(self) -> Key:
        return (self.kind, f"{self.artifact} to {self.to}", 0)


KINDS: dict[str, type[Any]] = {
    "build": BuildRecord,
    "compiler": CompilerRecord,
    "start": StartRecord,
    "package": PackageRecord,
    "portability": PortabilityRecord,
}
