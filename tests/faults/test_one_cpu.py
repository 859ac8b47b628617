"""With a single CPU, what needs two is unavailable with its reason, and nothing else suffers."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ffi_spectrum.analysis.estimate import estimate_results
from ffi_spectrum.errors import Unavailable
from ffi_spectrum.results.store import read_results
from ffi_spectrum.rungs.table import rung_class
from ffi_spectrum.toolchain.build import Toolchain

_BENCH = """
import os, sys
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
from ffi_spectrum.cli import main
main(sys.argv[1:])
"""


@pytest.mark.parametrize("seed", [1, 2])  # which case is prepared first decides whom a refusal could hit
def test_only_what_needs_two_is_unavailable(tmp_path: Path, seed: int) -> None:
    try:
        rung_class("shm_ring").build(Toolchain())
    except Unavailable as absent:
        pytest.skip(absent.reason)
    out = tmp_path / "one.jsonl"
    options = ["--kernel", "noop", "--rung", "shm_ring", "--max-processes", "1", "--seed", str(seed), "--out", str(out)]
    done = subprocess.run(
        [sys.executable, "-c", _BENCH, "bench", *options],
        capture_output=True, text=True, timeout=120, env=dict(os.environ), cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    rows = estimate_results(read_results(out))
    measured = {(row.rung, row.params.get("cores")) for row in rows if row.status == "ok"}
    assert measured == {("floor", None), ("cffi_api", None), ("shm_ring", 1)}
    others = [row for row in rows if row.status != "ok"]
    assert {row.status for row in others} == {"unavailable"}
    assert all("another CPU" in row.reason for row in others)
