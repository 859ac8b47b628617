"""Samples of a machine that is computed, not measured."""

from __future__ import annotations

import random
from collections.abc import Sequence

from ffi_spectrum.results.record import Series
from ffi_spectrum.results.sample import CONTROLS, Sample

LOOP_NS = 8.0
ROUNDS = 12
ITERATIONS = 1000


def series(
    ns_per_call: float, iterations: int = ITERATIONS, rounds: Sequence[int] = range(ROUNDS), drift: float = 0.0
) -> Series:
    """Blocks of a loop around a call of `ns_per_call`; each round is `drift` ns per call slower than the last."""
    elapsed_ns = [round((ns_per_call + LOOP_NS + drift * r) * iterations) for r in rounds]
    return Series(iterations, list(rounds), elapsed_ns)


def sample(calls: Sequence[Series], seed: int = 0, disturbed: Sequence[int] = (), drift: float = 0.0) -> Sample:
    """One process; the controls cost nothing beside the loop, and the duplicate costs what the first call does."""
    controls = {name: series(0.0, drift=drift) for name in CONTROLS}
    controls["duplicate"] = calls[0]
    return Sample(seed, list(calls), controls, list(disturbed), True, 25_000_000)


def processes(count: int, costs_ns: Sequence[float], jitter_ns: float = 0.05, seed: int = 1) -> list[Sample]:
    """Processes whose calls cost `costs_ns`, each process's own deviation added to each call."""
    rng = random.Random(seed)
    return [sample([series(ns + rng.gauss(0, jitter_ns)) for ns in costs_ns], number) for number in range(count)]
