"""Targets say what is met; the pool survives a round trip; damage is one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from ffi_spectrum.errors import ResultsError
from ffi_spectrum.validation.pool import Pool, load_pool, save_pool
from ffi_spectrum.validation.replayed import replayed_targets
from ffi_spectrum.validation.target import Target, at_least, at_most

NOISE = [(-1) ** i * (i % 17) / 100 for i in range(400)]
POOL = Pool(
    {"same_object": NOISE, "same_code": NOISE, "rebuilt": NOISE, "difference": [40 + n for n in NOISE]},
    [[40.0, 40.1]], {"cpu": "x"}, "2026-01-01T00:00:00+00:00", 30.0,
)  # fmt: skip


@pytest.mark.parametrize(
    ("target", "is_met", "bound"),
    [
        (at_most("a", 0.3, "ns", 0.3), True, "<= 0.3"),
        (at_most("a", 0.31, "ns", 0.3), False, "<= 0.3"),
        (at_least("a", 95, "%", 95), True, ">= 95"),
        (at_least("a", 94.9, "%", 95), False, ">= 95"),
        (Target("a", 95, "%", 93, 97), True, "93 to 97"),
        (Target("a", 98, "%", 93, 97), False, "93 to 97"),
    ],
)
def test_bounds(target: Target, is_met: bool, bound: str) -> None:
    assert (target.is_met, target.bound) == (is_met, bound)
    assert set(target.to_json()) >= {"target", "figure", "unit", "bound", "met"}


def test_replayed_targets_name_all_levels() -> None:
    targets = [target.target for target in replayed_targets(POOL, 1)]
    for word in ("same_object", "same_code", "rebuilt", "coverage", "power: 1 ns", "power: 0.3 ns", "wrong sign"):
        assert any(word in target for target in targets), word
    assert len(set(targets)) == len(targets)


def test_a_pool_comes_back_as_it_was(tmp_path: Path) -> None:
    save_pool(POOL, tmp_path / "pool.json.gz")
    assert load_pool(tmp_path / "pool.json.gz") == POOL


@pytest.mark.parametrize("content", [b"", b"text", b"\x1f\x8b\x08damaged"])
def test_a_damaged_pool_is_one_sentence(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "pool.json.gz"
    path.write_bytes(content)
    with pytest.raises(ResultsError, match="is not a pool"):
        load_pool(path)
    with pytest.raises(ResultsError, match="cannot be written"):
        save_pool(POOL, tmp_path / "no" / "pool.json.gz")
