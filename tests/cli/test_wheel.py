"""A wheel carries the C sources, and measures where the source tree is not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from ffi_spectrum.rungs.unchecked import VERIFIED_VERSION

ROOT = Path(__file__).resolve().parents[2]
DEADLINE_S = 180


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The content of a wheel, unpacked into a folder as an installer would."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    done = subprocess.run(build, capture_output=True, text=True, timeout=DEADLINE_S, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    (wheel,) = folder.glob("*.whl")
    target = folder / "site-packages"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(target)
    return target


def test_the_sources_travel_inside(installed: Path) -> None:
    inside = installed / "ffi_spectrum" / "_sources"
    for folder in ("native/include", "native/kernels", "native/support", "wasm"):
        ours = {path.name for path in (ROOT / folder).glob("*.[ch]")}
        assert ours
        assert {path.name for path in (inside / folder).glob("*.[ch]")} == ours
    for name in ("py.typed", "profiles/quick.toml", "examples/ctypes/Makefile", "examples/wasmtime/kernels.c"):
        assert (installed / "ffi_spectrum" / name).is_file(), name
    assert not list(installed.rglob("test_*.py"))


def test_an_installer_takes_only_a_wasmtime_that_the_rungs_take() -> None:
    """The major version that was verified, and no other: the rungs accept exactly one release of it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    (wanted,) = [found for found in map(Requirement, project["dependencies"]) if found.name == "wasmtime"]
    major = int(VERIFIED_VERSION.partition(".")[0])
    assert VERIFIED_VERSION in wanted.specifier
    assert [m for m in range(major - 5, major + 6) if f"{m}.0.1" in wanted.specifier] == [major]


def test_it_measures_without_the_source_tree(installed: Path, tmp_path: Path) -> None:
    environment = os.environ | {"PYTHONPATH": str(installed), "PYTHONDONTWRITEBYTECODE": "1"}
    where = "import ffi_spectrum, sys; sys.stdout.write(ffi_spectrum.__file__)"
    found = subprocess.run(
        [sys.executable, "-c", where], capture_output=True, text=True, timeout=60, env=environment, cwd=tmp_path
    )
    assert Path(found.stdout).is_relative_to(installed)
    command = [sys.executable, "-m", "ffi_spectrum", "bench", "--kernel", "add", "--out", "out.jsonl"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE_S, env=environment, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    show = [sys.executable, "-m", "ffi_spectrum", "show", "out.jsonl", "--json"]
    shown = subprocess.run(show, capture_output=True, text=True, timeout=60, env=environment, cwd=tmp_path)
    rows = {row["rung"]: row["status"] for row in json.loads(shown.stdout)}
    assert {rung for rung, status in rows.items() if status == "ok"} >= {"floor", "ctypes", "cffi_abi", "wasmtime"}
    assert "failed" not in rows.values()
