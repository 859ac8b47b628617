"""A git repository's working tree, and a commit of it checked out beside."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ffi_spectrum.errors import MeasurementError, UsageError

GIT_DEADLINE_S = 300.0
# A hook has these set, and git would then look at them instead of at the directory that it runs in.
_FROM_HOOKS = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR")


@dataclass(frozen=True, slots=True)
class Repository:
    """A working tree; `prefix` is the directory inside it that is compared, relative to its top ("" for all of it)."""

    top: Path
    prefix: str

    @property
    def directory(self) -> Path:
        return self.top / self.prefix


def find_repository(directory: Path) -> Repository:
    """The repository that holds `directory`; raises UsageError where there is none, or no git."""
    done = _git(directory, "rev-parse", "--show-toplevel", "--show-prefix")
    if done.returncode != 0:
        raise UsageError(f"{directory} is in no working tree of a git repository: {_last_line(done)}")
    top, _, prefix = done.stdout.removesuffix("\n").partition("\n")
    return Repository(Path(top), prefix)


def commit_of(repository: Repository, ref: str) -> str:
    """The commit that `ref` names, in hexadecimal; raises UsageError where it names none."""
    done = _git(repository.top, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
    if done.returncode != 0:
        raise UsageError(
            f"{ref!r} names no commit in {repository.top}; in a shallow clone fetch it first (actions/checkout: "
            "fetch-depth: 0)"
        )
    return done.stdout.strip()


@contextmanager
def checked_out(repository: Repository, commit: str, path: Path) -> Iterator[Path]:
    """A worktree of `commit` at `path` (nothing may be there), while the context lasts; gives the directory to compare.

    Neither the working tree nor the index nor any branch is touched, and no hook runs. Raises UsageError where the
    commit does not have that directory, and MeasurementError where git fails.
    """
    # a hook of the repository could do anything, and post-checkout would run here
    add = ("-c", "core.hooksPath=/dev/null", "worktree", "add", "--detach", "--quiet", str(path), commit)
    try:
        done = _git(repository.top, *add)
        if done.returncode != 0:
            raise MeasurementError(f"git could not check out {commit[:12]}: {_last_line(done)}")
        directory = path / repository.prefix
        if not directory.is_dir():
            raise UsageError(f"{commit[:12]} has no directory {repository.prefix}: there is nothing to compare with")
        yield directory
    finally:
        if _git(repository.top, "worktree", "remove", "--force", str(path)).returncode != 0:
            shutil.rmtree(path, ignore_errors=True)
            _git(repository.top, "worktree", "prune")


def _git(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name not in _FROM_HOOKS}
    command = ["git", "-C", str(directory), *arguments]
    try:
        return subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="surrogateescape",
            env=environment, timeout=GIT_DEADLINE_S,
        )  # fmt: skip
    except FileNotFoundError:
        raise UsageError("git is not installed, or not on PATH: a gate needs it to check out the base") from None
    except subprocess.TimeoutExpired:
        raise MeasurementError(f"`{' '.join(command)}` did not end within {GIT_DEADLINE_S:g} s") from None


def _last_line(done: subprocess.CompletedProcess[str]) -> str:
    lines = done.stderr.strip().splitlines()
    return lines[-1] if lines else f"exit code {done.returncode}"
