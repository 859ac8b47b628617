"""What `make` says where something is missing: one sentence, before anything is made."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "tools" / "make_venv.py"
RUN = "import runpy; sys.argv = ['make_venv.py', *{arguments}]; runpy.run_path({script}, run_name='__main__')"


def run(prelude: str, arguments: list[str], folder: Path, path: str = "") -> subprocess.CompletedProcess[str]:
    code = f"import sys; {prelude}; {RUN.format(arguments=arguments, script=repr(str(SCRIPT)))}"
    command = [sys.executable, "-c", code]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=folder, env={"PATH": path})


@pytest.mark.parametrize(
    ("prelude", "sentence"),
    [
        (
            "import importlib.util as u; real = u.find_spec; "
            "u.find_spec = lambda name, *rest: None if name == 'ensurepip' else real(name, *rest)",
            "install python3-venv",
        ),
        ("sys.version_info = (3, 9, 1, 'final', 0)", "Python 3.11 or newer is needed"),
    ],
    ids=["no ensurepip", "too old"],
)
def test_what_is_missing_is_one_sentence(prelude: str, sentence: str, tmp_path: Path) -> None:
    done = run(prelude, ["venv"], tmp_path)
    assert done.returncode == 1
    assert sentence in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "venv").exists()


def test_a_failed_installation_names_the_command(tmp_path: Path) -> None:
    done = run("pass", ["nowhere", "--install", "."], tmp_path)
    assert done.returncode == 1
    assert "nowhere/bin/python could not be started" in done.stderr


def test_uv_is_used_where_it_is(tmp_path: Path) -> None:
    uv = tmp_path / "uv"
    uv.write_text('#!/bin/sh\necho "$@" >> calls\n')
    uv.chmod(0o755)
    assert run("pass", ["venv"], tmp_path, str(tmp_path)).returncode == 0
    done = run("pass", ["venv", "--install", ".[dev]"], tmp_path, str(tmp_path))
    assert done.returncode == 0
    assert "downloads about 275 MB" in done.stdout
    calls = (tmp_path / "calls").read_text().splitlines()
    assert calls[0].startswith("venv ")
    assert calls[1].startswith("pip install ")
    assert calls[1].endswith("--editable .[dev]")
