"""The whole validation, one target after the other."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from ffi_spectrum.toolchain.build import Toolchain
from ffi_spectrum.validation.live import against_timeit, call_path_bias, known_delay, run_to_run, time_to
from ffi_spectrum.validation.pool import load_pool, make_pool, save_pool
from ffi_spectrum.validation.replayed import replayed_targets
from ffi_spectrum.validation.subjects import build_subjects
from ffi_spectrum.validation.target import Target

POOL_PROCESSES = 2000


def validate_quick(toolchain: Toolchain, seed: int) -> Iterator[Target]:
    """Replays from the shipped pool, and the live checks that fit into two minutes."""
    with tempfile.TemporaryDirectory(prefix="ffi-spectrum-") as scratch:
        subjects = build_subjects(toolchain, Path(scratch))
        yield from replayed_targets(load_pool(), seed)
        yield from known_delay(subjects, 4.0, seed)
        yield call_path_bias(subjects, 5.0, seed)
        yield against_timeit(subjects, 12, seed)
        yield time_to(subjects, 0.5, 1.0, seed)
        yield run_to_run(subjects, 2.0, 0.5, 5, seed)


def validate_full(toolchain: Toolchain, seed: int, pool_path: Path, tell: Callable[[int], None]) -> Iterator[Target]:
    """Everything at its full length; makes a new pool of 2,000 processes and saves it to `pool_path`."""
    with tempfile.TemporaryDirectory(prefix="ffi-spectrum-") as scratch:
        subjects = build_subjects(toolchain, Path(scratch))
        pool = make_pool(subjects, POOL_PROCESSES, seed, tell)
        save_pool(pool, pool_path)
        yield from replayed_targets(pool, seed)
        yield from known_delay(subjects, 10.0, seed)
        yield call_path_bias(subjects, 10.0, seed)
        yield against_timeit(subjects, 20, seed)
        yield time_to(subjects, 0.5, 1.0, seed)
        yield time_to(subjects, 0.1, 15.0, seed)
        yield run_to_run(subjects, 10.0, 0.3, 5, seed)
        yield run_to_run(subjects, 30.0, 0.15, 5, seed)
