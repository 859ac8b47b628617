"""Targets say what is met; the pool survives a round trip; damage is one sentence."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ffi_spectrum.cli import main
from ffi_spectrum.commands.validate import to_markdown
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
    ("target", "state", "bound"),
    [
        (at_most("a", 0.3, "ns", 0.3), "met", "<= 0.3"),
        (at_most("a", 0.31, "ns", 0.3), "missed", "<= 0.3"),
        (at_most("a", math.nan, "ns", 0.3), "missed", "<= 0.3"),
        (at_most("a", None, "ns", 0.3), "unavailable", "<= 0.3"),
        (at_least("a", 95, "%", 95), "met", ">= 95"),
        (at_least("a", 94.9, "%", 95), "missed", ">= 95"),
        (at_least("a", None, "%", 95), "unavailable", ">= 95"),
        (Target("a", 95, "%", 93, 97), "met", "93 to 97"),
        (Target("a", 98, "%", 93, 97), "missed", "93 to 97"),
    ],
)
def test_bounds(target: Target, state: str, bound: str) -> None:
    assert (target.state, target.bound) == (state, bound)
    row = target.to_json()
    assert set(row) >= {"target", "figure", "unit", "bound", "state", "met"}
    assert row["met"] is {"met": True, "missed": False, "unavailable": None}[state]


def run_quick(monkeypatch: pytest.MonkeyPatch, targets: list[Target], *options: str) -> Result:
    monkeypatch.setattr("ffi_spectrum.commands.validate.validate_quick", lambda toolchain, seed, pool: iter(targets))
    return CliRunner().invoke(main, ["validate", "--quick", *options])


MET, MISSED = at_most("first", 0.25, "ns", 0.3, "rests"), at_least("second", 90, "%", 95)
ABSENT = at_most("third", None, "ns", 1, "no pyperf")


def test_every_target_is_a_line_and_the_last_line_counts_them(monkeypatch: pytest.MonkeyPatch) -> None:
    done = run_quick(monkeypatch, [MET, MISSED, ABSENT])
    lines = done.stdout.splitlines()
    assert [" ".join(line.split()[:2]) for line in lines[:3]] == ["met first", "MISSED second", "unavailable third"]
    assert lines[2].endswith("no pyperf")
    assert re.fullmatch(r"1 of 3 targets met, 1 unavailable here, in \d+ s", lines[3])
    assert done.exit_code == 1
    assert "1 of 3 targets missed: second" in done.stderr


def test_a_recorded_pool_can_be_replayed_and_the_page_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pool, page = tmp_path / "pool.json.gz", tmp_path / "page.md"
    save_pool(POOL, pool)
    done = run_quick(monkeypatch, [MET], "--pool", str(pool), "--out", str(page))
    assert (done.exit_code, done.stderr) == (0, "pool: 400 processes of 2026-01-01T00:00:00+00:00 on x\n")
    assert f"by `ffi-spectrum validate --quick --pool {pool}`." in page.read_text()
    done = run_quick(monkeypatch, [MET], "--pool", str(tmp_path / "none"))
    assert (done.exit_code, done.stdout) == (1, "")
    assert "none is not a pool" in done.stderr


def test_an_unavailable_target_is_not_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    done = run_quick(monkeypatch, [MET, ABSENT], "--json")
    assert done.exit_code == 0
    assert [row["met"] for row in json.loads(done.stdout)] == [True, None]
    assert "1 of 2 targets met" in done.stderr


def test_the_page_has_a_row_per_target() -> None:
    rows = [line for line in to_markdown([MET, MISSED, ABSENT], "x").splitlines() if line.startswith("|")][2:]
    cells = [[cell.strip() for cell in row.split("|")[1:-1]] for row in rows]
    assert cells == [
        ["first", "0.25 ns", "<= 0.3", "yes", "rests"],
        ["second", "90 %", ">= 95", "no", ""],
        ["third", "", "<= 1", "unavailable here", "no pyperf"],
    ]


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
