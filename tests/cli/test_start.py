"""The command line answers at once: nothing heavy is imported before a command needs it."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

HEAVY = {"numpy", "scipy", "wasmtime", "rich", "cffi", "cattrs", "markdown_it", "filelock", "cupy", "pywasm"}
_HELP = "from ffi_spectrum.cli import main\nmain(['--help'], standalone_mode=False)"


def imported_by(statements: str) -> set[str]:
    """The top-level modules that a fresh interpreter holds after `statements`."""
    report = "\nimport json, sys\nprint('\\n' + json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", statements + report], capture_output=True, text=True, timeout=60, check=True
    )
    return {name.partition(".")[0] for name in json.loads(done.stdout.splitlines()[-1])}


@pytest.mark.parametrize(
    "statements", ["import ffi_spectrum", "import ffi_spectrum.cli", _HELP], ids=["package", "cli", "help"]
)
def test_nothing_heavy_is_imported_to_start(statements: str) -> None:
    assert imported_by(statements) & HEAVY == set()


def test_the_check_sees_what_a_command_imports() -> None:
    assert {"rich", "numpy"} <= imported_by("import ffi_spectrum.commands.bench")


@pytest.mark.parametrize("option", ["--version", "--help"])
def test_the_package_runs_as_a_module(option: str) -> None:
    command = [sys.executable, "-m", "ffi_spectrum", option]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert "ffi-spectrum" in done.stdout
