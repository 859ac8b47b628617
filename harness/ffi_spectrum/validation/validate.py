"""The whole validation, one target after the other."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from ffi_spectrum.analysis.difference import differences
from ffi_spectrum.toolchain.build import Toolchain
from ffi_spectrum.validation.cross_harness import against_pyperf, against_timeit
from ffi_spectrum.validation.interference import interference, run_to_run_beside
from ffi_spectrum.validation.live import call_path_bias, known_delay, run_for, run_to_run, time_to
from ffi_spectrum.validation.pool import Pool, make_pool, save_pool
from ffi_spectrum.validation.replayed import replayed_targets
from ffi_spectrum.validation.subjects import Subjects, build_subjects
from ffi_spectrum.validation.target import Target

POOL_PROCESSES = 2000


def validate_quick(toolchain: Toolchain, seed: int, pool: Pool) -> Iterator[Target]:
    """Replays from `pool`, and the live checks that fit into two minutes."""
    with _subjects(toolchain) as subjects:
        yield from replayed_targets(pool, seed)
        yield from known_delay(subjects, 4.0, seed)
        yield call_path_bias(subjects, 5.0, seed)
        yield from _cross_harness(subjects, 3.0, 15, seed)
        yield time_to(subjects, 0.5, 1.0, seed)
        yield run_to_run(subjects, 2.0, 0.5, 5, seed)
        yield from interference(subjects, 6.0, seed)


def validate_full(toolchain: Toolchain, seed: int, pool_path: Path, tell: Callable[[int], None]) -> Iterator[Target]:
    """Everything at its full length; makes a new pool of 2,000 processes and saves it to `pool_path`."""
    with _subjects(toolchain) as subjects:
        pool = make_pool(subjects, POOL_PROCESSES, seed, tell)
        save_pool(pool, pool_path)
        yield from replayed_targets(pool, seed)
        yield from known_delay(subjects, 10.0, seed)
        yield call_path_bias(subjects, 10.0, seed)
        yield from _cross_harness(subjects, 10.0, 40, seed)
        yield time_to(subjects, 0.5, 1.0, seed)
        yield time_to(subjects, 0.1, 15.0, seed)
        yield run_to_run(subjects, 10.0, 0.3, 5, seed)
        yield run_to_run(subjects, 30.0, 0.15, 5, seed)
        yield from interference(subjects, 20.0, seed)
        yield run_to_run_beside(subjects, 10.0, 5, seed)


@contextmanager
def _subjects(toolchain: Toolchain) -> Iterator[Subjects]:
    with tempfile.TemporaryDirectory(prefix="ffi-spectrum-") as scratch:
        yield build_subjects(toolchain, Path(scratch))


def _cross_harness(subjects: Subjects, seconds: float, processes: int, seed: int) -> Iterator[Target]:
    ours_ns = median(differences(run_for(subjects.pair(), seconds, seed)))
    yield against_timeit(subjects, ours_ns, processes)
    yield against_pyperf(subjects, ours_ns, processes)
