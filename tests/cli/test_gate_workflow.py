"""`gate --write-workflow`: the file that CI runs."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path

import click

from ffi_spectrum.cli import main
from ffi_spectrum.commands.gate import WORKFLOW

from .conftest import Run


def test_the_workflow_is_written_once(run: Run, tmp_path: Path) -> None:
    assert run("gate", "--write-workflow").exit_code == 0
    written = tmp_path / ".github" / "workflows" / "ffi-spectrum-gate.yml"
    assert written.read_text() == files("ffi_spectrum.commands").joinpath(WORKFLOW).read_text()
    written.write_text("mine")
    done = run("gate", "--write-workflow")
    assert done.exit_code == 2
    assert "exists and is left as it is" in done.stderr
    assert written.read_text() == "mine"
    assert run("gate", "--write-workflow", "other.yml").exit_code == 0
    assert Path("other.yml").exists()


def test_the_workflow_is_plain_yaml_that_runs_this_command() -> None:
    """Mappings and lists of one-line scalars, in steps of two blanks: nothing that YAML reads in another way."""
    lines = files("ffi_spectrum.commands").joinpath(WORKFLOW).read_text().splitlines()
    body = [line for line in lines if line.strip() and not line.startswith("#")]
    for line in body:
        assert re.fullmatch(r"(  )*(- )?[\w-]+:( [^\s:#][^#]*)?", line), line
        value = line.partition(": ")[2]
        assert ": " not in value
    assert [line for line in body if not line.startswith(" ")] == ["name: speed gate", "on:", "permissions:", "jobs:"]
    text = "\n".join(body)
    assert "fetch-depth: 0" in text
    # the sha is passed as a variable: in a script, an expression would be pasted as code
    assert "BASE_SHA: ${{ github.event.pull_request.base.sha }}" in text
    (step,) = re.findall(r"run: ffi-spectrum (.*)", text)
    words = step.split()
    assert words == ["gate", '"$BASE_SHA"']
    assert words[0] in main.list_commands(click.Context(main))
