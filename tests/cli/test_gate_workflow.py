"""`gate --write-workflow`: the file that CI runs."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path

import click

from ffi_spectrum.cli import main
from ffi_spectrum.commands.gate import WORKFLOW
from ffi_spectrum.measure.checkout import checked_out, commit_of, find_repository

from .conftest import Run
from .repository import SOURCE, Repository


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
    body = [line for line in lines if line.strip() and not line.lstrip().startswith("#")]
    for line in body:
        assert re.fullmatch(r"(  )*(- )?[\w-]+:( [^\s:#][^#]*)?", line), line
        value = line.partition(": ")[2]
        assert ": " not in value
    assert [line for line in body if not line.startswith(" ")] == ["name: speed gate", "on:", "permissions:", "jobs:"]
    text = "\n".join(body)
    assert "${{" not in text  # in a script, an expression would be pasted as code
    (step,) = re.findall(r"run: ffi-spectrum (.*)", text)
    words = step.split()
    assert words[0] in main.list_commands(click.Context(main))


def test_what_the_workflow_fetches_holds_the_base(tmp_path: Path) -> None:
    """A clone of the merge commit, as deep as the workflow says, in a repository whose base went on meanwhile."""
    text = files("ffi_spectrum.commands").joinpath(WORKFLOW).read_text()
    (depth,) = re.findall(r"fetch-depth: (\d+)", text)
    (ref,) = re.findall(r"run: ffi-spectrum gate (\S+)", text)
    origin = Repository(tmp_path / "origin")
    origin.git("branch", "--move", "base")
    origin.git("switch", "--quiet", "--create", "change")
    origin.module.write_text(SOURCE.replace("300", "900"))
    origin.commit()
    origin.git("switch", "--quiet", "base")
    (origin.top / "others.txt").write_text("work")
    origin.commit()
    base = origin.git("rev-parse", "HEAD").strip()
    origin.git("merge", "--quiet", "--no-ff", "--message", "merge", "change")
    clone = tmp_path / "clone"
    origin.git("clone", "--quiet", "--depth", depth, f"file://{origin.top}", str(clone))
    repository = find_repository(clone)
    assert commit_of(repository, ref) == base
    with checked_out(repository, base, tmp_path / "worktree") as directory:
        assert (directory / "src" / "subject.py").read_text() == SOURCE
        assert (directory / "others.txt").exists()
