"""Measuring two versions of a repository against each other, interleaved on one machine."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from ffi_spectrum.errors import CallError, MeasurementError, UsageError
from ffi_spectrum.measure.checkout import Repository, checked_out, commit_of
from ffi_spectrum.measure.sampling import Protocol, sample_once
from ffi_spectrum.measure.side import DEFAULT_PATHS, GateCall, Side, shared_path
from ffi_spectrum.results.sample import Sample

# Enough to find out whether a call works at all.
TRIAL_ROUNDS = 1
TRIAL_BLOCK_NS = 1_000


@dataclass(frozen=True, slots=True)
class Comparison:
    """Both sides, ready to be measured; and the base's commit in hexadecimal."""

    base: Side
    head: Side
    commit: str


@dataclass(frozen=True, slots=True)
class Split:
    """The calls that both sides make, and those that only the head has, each with why the base lacks it."""

    shared: list[GateCall]
    new: dict[GateCall, str]


@contextmanager
def open_comparison(
    repository: Repository, ref: str, setup: str = "", paths: Sequence[str] = DEFAULT_PATHS
) -> Iterator[Comparison]:
    """Check the base out into a temporary folder and run `setup` in it, and then in the working tree, if there is one.

    Everything made for the comparison is gone afterwards, but for what `setup` itself left in the working tree.
    Raises UsageError for a ref that names no commit, BuildError where `setup` fails.
    """
    commit = commit_of(repository, ref)
    with tempfile.TemporaryDirectory(prefix="ffi-spectrum-gate-") as scratch:
        root = Path(scratch).resolve()
        with checked_out(repository, commit, root / "base") as directory:
            shared = shared_path(repository.top)
            base = _side("base", directory, root, paths, shared)
            head = _side("head", repository.directory, root, paths, shared)
            for side in (base, head) if setup else ():
                side.build(setup)
            yield Comparison(base, head, commit)


def _side(name: str, directory: Path, root: Path, paths: Sequence[str], shared: tuple[str, ...]) -> Side:
    site = root / f"{name}-site"
    site.mkdir()
    return Side(name, directory, site, root / f"{name}-pycache", tuple(paths), shared)


def split_calls(comparison: Comparison, calls: Sequence[GateCall], protocol: Protocol) -> Split:
    """Make each call once on each side.

    Raises UsageError for a module that does not come from the head, for then nothing would be compared, CallError for
    a call that raises in the head, and MeasurementError where it cannot be measured there.
    """
    trial = replace(protocol, rounds=TRIAL_ROUNDS, block_ns=TRIAL_BLOCK_NS)
    split = Split([], {})
    for one in calls:
        _refuse_foreign(comparison.head, one)
        sample_side(comparison.head, [one], trial, seed=0)
        if not comparison.base.holds(one.module):
            split.new[one] = f"base has no module {one.module}"
            continue
        try:
            sample_side(comparison.base, [one], trial, seed=0)
        except (CallError, MeasurementError) as error:
            split.new[one] = str(error)
        else:
            split.shared.append(one)
    return split


def _refuse_foreign(head: Side, one: GateCall) -> None:
    if head.holds(one.module):
        return
    folders = ", ".join(head.paths)
    raise UsageError(
        f"{one.text}: module {one.module} is not in {folders} of the working tree: there is nothing to compare; name "
        "its folder with --path, or install it: --setup 'python -m pip install --target \"$FFI_SPECTRUM_SITE\" .'"
    )


def sample_pairs(
    comparison: Comparison,
    calls: Sequence[GateCall],
    protocol: Protocol,
    is_enough: Callable[[list[tuple[Sample, Sample]]], bool],
    seed: int,
) -> list[tuple[Sample, Sample]]:
    """Pairs of processes, base and head, until `is_enough` says so; it is asked after each block of two pairs.

    A block launches base, head, head, base or (by a coin from `seed`) head, base, base, head: a drift of the machine
    that is linear over a block adds to one of its pairs what it takes from the other. Both processes of a pair share
    hash seed, padding and orders, for these are no difference between the two versions.
    """
    rng = random.Random(seed)
    pairs: list[tuple[Sample, Sample]] = []
    while not is_enough(pairs):
        first, second = rng.sample((comparison.base, comparison.head), 2)
        for launches in ((first, second), (second, first)):
            pair_seed = rng.getrandbits(32)
            done = {side.name: sample_side(side, calls, protocol, pair_seed) for side in launches}
            pairs.append((done["base"], done["head"]))
    return pairs


def sample_side(side: Side, calls: Sequence[GateCall], protocol: Protocol, seed: int) -> Sample:
    """One process of one side; an error of it says which side and, where there is but one, which call."""
    where = f"{calls[0].text} in {side.name}" if len(calls) == 1 else side.name
    try:
        return sample_once([side.snippet(one) for one in calls], side.protocol(protocol), seed)
    except (CallError, MeasurementError) as error:
        raise type(error)(f"{where}: {error}") from error
