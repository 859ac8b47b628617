"""A small git repository to run gates in."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

SOURCE = """\
def work(count=300):
    total = 0
    for i in range(count):
        total += i
    return total
"""


class Repository:
    """A repository with one commit, whose package `subject` lies in src; its settings are its own alone."""

    def __init__(self, top: Path) -> None:
        self.top = top
        self.module = top / "src" / "subject.py"
        self.module.parent.mkdir(parents=True)
        self.module.write_text(SOURCE)
        self.git("init", "--quiet")
        self.commit()

    def git(self, *arguments: str) -> str:
        """Standard output of git here."""
        environment = dict(os.environ, GIT_CONFIG_GLOBAL=os.devnull, GIT_CONFIG_SYSTEM=os.devnull)
        identity = ("-c", "user.name=tester", "-c", "user.email=tester@localhost")
        command = ["git", "-C", str(self.top), *identity, *arguments]
        done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60, env=environment)
        return done.stdout

    def commit(self) -> None:
        """Commit everything."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "change")

    def worktrees(self) -> list[str]:
        """The folders of all worktrees, the main one first."""
        lines = self.git("worktree", "list", "--porcelain").splitlines()
        return [line.removeprefix("worktree ") for line in lines if line.startswith("worktree ")]

    def files(self) -> dict[str, bytes]:
        """Everything in the working tree but git's own folder."""
        found = (path for path in self.top.rglob("*") if path.is_file())
        return {
            name: path.read_bytes()
            for path in found
            if not (name := path.relative_to(self.top).as_posix()).startswith(".git/")
        }
