"""A pool of recorded processes: what replays draw from."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

from ffi_spectrum.analysis.difference import by_round, differences, paired, settled
from ffi_spectrum.errors import ResultsError
from ffi_spectrum.measure.sampling import Protocol, sample_until
from ffi_spectrum.results.fingerprint import take_fingerprint
from ffi_spectrum.results.sample import Sample
from ffi_spectrum.validation.subjects import Subjects

# Three levels of "identical", and one true difference.
IDENTICAL = ("same_object", "same_code", "rebuilt")
DIFFERENCE = "difference"
# So many processes keep their rounds too, for what only rounds can show.
TRACED = 200


@dataclass(frozen=True, slots=True)
class Pool:
    """Per-process paired differences in nanoseconds per call.

    `same_object`: one ctypes no-op in two loops; `same_code`: two Python functions of the same source; `rebuilt`: the
    no-op of two copies of the library; `difference`: ctypes no-op minus Python no-op. `rounds` has that difference by
    round, for the first processes.
    """

    columns: dict[str, list[float]]
    rounds: list[list[float]]
    fingerprint: dict[str, Any]
    created: str
    process_ms: float

    @property
    def processes(self) -> int:
        return len(self.columns[DIFFERENCE])


def make_pool(subjects: Subjects, processes: int, seed: int, tell: Callable[[int], None]) -> Pool:
    """Measure `processes` fresh processes; `tell` hears how many are done."""

    def is_enough(samples: list[Sample]) -> bool:
        tell(len(samples))
        return len(settled(samples)) >= processes

    samples = settled(sample_until(subjects.identical(), Protocol(), is_enough, seed))
    columns = identical_columns(samples) | {DIFFERENCE: differences(samples)}
    rounds = [[round(ns, 3) for ns in by_round(s, s.calls[0], s.calls[1])] for s in samples[:TRACED]]
    return Pool(
        {name: [round(ns, 4) for ns in values] for name, values in columns.items()},
        rounds,
        take_fingerprint(),
        datetime.now(UTC).isoformat(timespec="seconds"),
        round(sum(s.elapsed_ns for s in samples) / len(samples) * 1e-6, 2),
    )


def identical_columns(samples: Sequence[Sample]) -> dict[str, list[float]]:
    """Per-process differences of identical code at the three levels, from samples of `Subjects.identical`."""
    return {
        "same_object": [paired(s, s.calls[0], s.controls["duplicate"]) for s in samples],
        "same_code": [paired(s, s.calls[1], s.calls[3]) for s in samples],
        "rebuilt": [paired(s, s.calls[0], s.calls[2]) for s in samples],
    }


def save_pool(pool: Pool, path: Path) -> None:
    """Write a pool as gzipped JSON, the same bytes for the same pool."""
    content = gzip.compress(json.dumps(asdict(pool), separators=(",", ":")).encode(), mtime=0)
    try:
        path.write_bytes(content)
    except OSError as error:
        raise ResultsError(f"{path} cannot be written: {error.strerror}") from error


def load_pool(path: Path | None = None) -> Pool:
    """Read a pool; by default the one that ships with the package."""
    try:
        content = path.read_bytes() if path else files("ffi_spectrum.validation").joinpath("pool.json.gz").read_bytes()
        return Pool(**json.loads(gzip.decompress(content)))
    except (OSError, ValueError, TypeError, EOFError) as error:
        what = path or "the shipped pool"
        raise ResultsError(f"{what} is not a pool ({error}); `ffi-spectrum validate` makes one") from error
