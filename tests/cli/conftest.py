from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ffi_spectrum.cli import main

from .synthetic import write_results

Run = Callable[..., Result]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Calls the command line in an empty directory, 140 columns wide; an unexpected exception fails the test."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "140")

    def invoke(*arguments: str | Path) -> Result:
        return CliRunner().invoke(main, [str(argument) for argument in arguments], catch_exceptions=False)

    return invoke


@pytest.fixture
def results_file(tmp_path: Path) -> Path:
    """A complete run of invented times."""
    path = tmp_path / "run.jsonl"
    write_results(path)
    return path
