"""`gate` in a real repository; where time is measured, the effects are huge or the margins are."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest

from ffi_spectrum.measure import gate as measuring
from ffi_spectrum.results.record import Series
from ffi_spectrum.results.sample import CONTROLS, Sample

from .conftest import Run
from .repository import SOURCE, Repository

CALL = ("--call", "subject:work")
# No noise of any machine reaches this.
WIDE = ("--margin-ns", "1e9")


@pytest.fixture
def repository(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """A repository, which is the current directory; temporary folders of the gate are in tmp_path, too."""
    (tmp_path / "scratch").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "scratch"))
    made = Repository(tmp_path / "project")
    monkeypatch.chdir(made.top)
    return made


def left_over(repository: Repository) -> list[str]:
    """What a gate should have removed."""
    return [*repository.worktrees()[1:], *map(str, (repository.top.parent / "scratch").iterdir())]


def invent(monkeypatch: pytest.MonkeyPatch, base_ns: float, head_ns: float, spread_ns: float = 0.0) -> None:
    """Put invented processes in the place of measured ones; every other pair is `spread_ns` off, either way."""
    count = {"base": 0, "head": 0}

    def sample_once(snippets: list[object], protocol: object, seed: int) -> Sample:
        (side,) = re.findall(r"/(base|head)-site", str(protocol))
        count[side] += 1
        ns = (base_ns if side == "base" else head_ns) + spread_ns * (-1) ** count[side] * (side == "head")
        controls = {name: Series(100, [0], [1000]) for name in CONTROLS}
        return Sample(seed, [Series(100, [0], [round(100 * (ns + 10))])] * len(snippets), controls, [0])

    monkeypatch.setattr(measuring, "sample_once", sample_once)


def test_the_same_code_passes(run: Run, repository: Repository) -> None:
    done = run("gate", "HEAD", *CALL, "--call", "subject:work(3)", *WIDE)
    assert done.exit_code == 0, done.output
    assert done.stdout.count("EQUIVALENT") == 2
    assert done.stdout.splitlines()[-1] == "gate passed: 0 of 2 calls too slow"
    assert left_over(repository) == []


def test_a_slowdown_that_is_not_committed_fails_with_its_figures(run: Run, repository: Repository) -> None:
    repository.module.write_text(SOURCE.replace("300", "9000"))
    done = run("gate", "HEAD", *CALL, "--json")
    assert done.exit_code == 1
    (row,) = json.loads(done.stdout)
    assert (row["call"], row["verdict"], row["is_failed"]) == ("subject:work", "SLOWER", True)
    assert row["head_ns"] > 3 * row["base_ns"]
    assert row["difference_low_ns"] > row["margin_ns"]
    assert row["difference_low_ns"] <= row["difference_ns"] <= row["difference_high_ns"]


def test_a_dirty_tree_is_left_as_it_was(run: Run, repository: Repository) -> None:
    repository.module.write_text(SOURCE + "\n# changed\n")
    (repository.top / "untracked.txt").write_text("mine\n")
    (repository.top / "staged.txt").write_text("mine\n")
    repository.git("add", "staged.txt")
    before = (repository.files(), repository.git("status", "--porcelain"), repository.git("for-each-ref"))
    assert run("gate", "HEAD", *CALL, *WIDE).exit_code == 0
    assert (repository.files(), repository.git("status", "--porcelain"), repository.git("for-each-ref")) == before
    assert left_over(repository) == []


def test_the_figures_of_a_failure(run: Run, repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    invent(monkeypatch, 100.0, 104.0)
    done = run("gate", "HEAD", *CALL, "--max-ns", "103")
    assert done.exit_code == 1
    assert "subject:work is SLOWER than at the base by +4.00 ns" in done.stdout
    assert "subject:work takes 104 ns [104, 104], which is above --max-ns 103" in done.stdout
    assert "gate FAILED: 1 of 1 calls too slow" in done.stdout
    assert run("gate", "HEAD", *CALL, "--margin-ns", "5").exit_code == 0


def test_the_absolute_bound_fails_alone(run: Run, repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    invent(monkeypatch, 100.0, 100.0)
    assert run("gate", "HEAD", *CALL, "--max-ns", "101").exit_code == 0
    assert run("gate", "HEAD", *CALL, "--max-ns", "99").exit_code == 1


def test_what_stays_open_is_said_with_its_reason(
    run: Run, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    invent(monkeypatch, 100.0, 100.0, spread_ns=50.0)
    done = run("gate", "HEAD", *CALL, "--max-s", "0.1")
    assert done.exit_code == 0
    assert "subject:work is UNRESOLVED: its difference" in done.stdout
    assert "(other work interrupted 100 % of the rounds)" in done.stdout
    assert done.stdout.splitlines()[-1].endswith("; 1 UNRESOLVED, which does not fail")


def test_a_new_call_is_measured_against_the_bound_alone(run: Run, repository: Repository) -> None:
    repository.module.write_text(SOURCE + "\ndef fresh():\n    return 1\n")
    done = run("gate", "HEAD", "--call", "subject:fresh", "--max-ns", "1e9")
    assert done.exit_code == 0
    assert "NEW" in done.stdout
    assert "subject:fresh cannot be compared (subject:fresh in base: the call or its setup raised" in done.stdout
    assert run("gate", "HEAD", "--call", "subject:fresh", "--max-ns", "0.001").exit_code == 1


def test_a_call_that_raises_in_the_head_only_fails(run: Run, repository: Repository) -> None:
    repository.module.write_text(SOURCE.replace("    total = 0", "    raise OSError('no disk')"))
    done = run("gate", "HEAD", *CALL)
    assert done.exit_code == 1
    assert "subject:work in head: the call or its setup raised OSError: no disk" in done.stderr
    assert left_over(repository) == []


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("gate",), "name the commit to compare with"),
        (("gate", "HEAD"), "no call to measure"),
        (("gate", "v9.9", *CALL), "'v9.9' names no commit"),
        (("gate", "HEAD", "--call", "work"), "'work' is not module:function"),
        (("gate", "HEAD", "--call", "subject:work("), "is not an expression"),
        (("gate", "HEAD", "--call", "json:loads('[1]')"), "module json is not in ., src of the working tree"),
        (("gate", "HEAD", *CALL, "--max-ns", "0"), "--max-ns must be greater than zero"),
        (("gate", "HEAD", *CALL, "--max-s", "nan"), "--max-s must be greater than zero"),
    ],
)
def test_what_cannot_be_meant_is_one_sentence(
    run: Run, repository: Repository, arguments: tuple[str, ...], sentence: str
) -> None:
    done = run(*arguments)
    assert done.exit_code == 2
    assert sentence in done.stderr
    assert left_over(repository) == []


def test_a_directory_without_a_repository_is_a_usage_error(run: Run) -> None:
    done = run("gate", "HEAD", *CALL)
    assert done.exit_code == 2
    assert "is in no working tree of a git repository" in done.stderr


def test_a_failing_setup_command_shows_its_output(run: Run, repository: Repository) -> None:
    done = run("gate", "HEAD", *CALL, "--setup", "echo cannot compile >&2; exit 3")
    assert done.exit_code == 1
    assert "failed in base with exit code 3:\ncannot compile" in done.stderr
    assert left_over(repository) == []


def test_each_side_imports_what_its_own_setup_made(run: Run, repository: Repository) -> None:
    """The module is in no folder of the checkout: a build step puts it into the side's own."""
    (repository.top / "template").write_text("def made():\n    return 'base'\n")
    repository.commit()
    (repository.top / "template").write_text("def made():\n    return sum(range(20_000))\n")
    setup = 'cp template "$FFI_SPECTRUM_SITE/generated.py"'
    done = run("gate", "HEAD", "--call", "generated:made", "--setup", setup)
    assert done.exit_code == 1
    assert "generated:made is SLOWER" in done.stdout


def test_an_installed_copy_does_not_stand_in_for_the_base(
    run: Run, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after `pip install -e .`: the working tree is on sys.path, and the base must not import it."""
    monkeypatch.setattr(sys, "path", [*sys.path, str(repository.top / "lib")])
    (repository.top / "lib").mkdir()
    (repository.top / "lib" / "late.py").write_text("def f():\n    pass\n")
    done = run("gate", "HEAD", "--call", "late:f", "--path", "lib")
    assert done.exit_code == 0
    assert "late:f cannot be compared (base has no module late)" in done.stdout


def test_a_subdirectory_is_compared_with_the_same_one(
    run: Run, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(repository.top / "src")
    assert run("gate", "HEAD", *CALL, *WIDE).exit_code == 0
    (repository.top / "new").mkdir()
    monkeypatch.chdir(repository.top / "new")
    done = run("gate", "HEAD", *CALL)
    assert done.exit_code == 2
    assert "has no directory new" in done.stderr
    assert left_over(repository) == []


def test_options_are_read_from_the_project_file(
    run: Run, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    invent(monkeypatch, 100.0, 104.0)
    project = repository.top / "pyproject.toml"
    project.write_text('[tool.ffi-spectrum.gate]\ncall = ["subject:work", "subject:work(1)"]\nmargin-ns = 9\n')
    done = run("gate", "HEAD")
    assert (done.exit_code, done.stdout.count("EQUIVALENT")) == (0, 2)
    assert run("gate", "HEAD", "--margin-ns", "2").exit_code == 1


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("calls = ['subject:work']", "has no key 'calls'; it may have call, setup,"),
        ("call = 'subject:work'", "call in [tool.ffi-spectrum.gate] has the wrong type"),
        ("call = [1]", "must be a list of strings"),
        ("max-ns = true", "max-ns in [tool.ffi-spectrum.gate] has the wrong type"),
        ("call = [", "cannot be read"),
    ],
)
def test_a_project_file_that_does_not_fit_is_one_sentence(
    run: Run, repository: Repository, text: str, sentence: str
) -> None:
    (repository.top / "pyproject.toml").write_text(f"[tool.ffi-spectrum.gate]\n{text}\n")
    done = run("gate", "HEAD")
    assert done.exit_code == 2
    assert sentence in done.stderr
