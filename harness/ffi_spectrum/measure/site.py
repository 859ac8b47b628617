"""Where claims of portability are tried: this machine, its emulator, and the other Pythons on it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ffi_spectrum.errors import BuildError, Unavailable
from ffi_spectrum.results.costs import Moves
from ffi_spectrum.toolchain.build import Toolchain
from ffi_spectrum.toolchain.interpreter import Interpreter, find_interpreter

COMMANDS = ("python3.11", "python3.12", "python3.13", "python3.14")
# The other one's musl target, too: it makes static programs, which an emulator runs without that CPU's libraries.
OTHER_CPU = {"x86_64": "aarch64", "aarch64": "x86_64"}
DEADLINE_S = 120.0


@dataclass(frozen=True, slots=True)
class Finding:
    """Whether the artifact moves, whether that was tried here, and what was seen (or why it was not tried)."""

    moves: Moves
    is_tested: bool
    evidence: str


@dataclass(frozen=True, slots=True)
class Site:
    """`toolchain` builds for this machine; `scratch` is a private folder; `interpreters` are other Pythons."""

    toolchain: Toolchain
    scratch: Path
    interpreters: tuple[Interpreter, ...] = ()

    @property
    def cpu(self) -> str:
        return self.toolchain.target.name

    @property
    def other_cpu(self) -> str:
        return OTHER_CPU[self.cpu]

    @property
    def emulator(self) -> str:
        """The user-mode emulator of the other CPU, "" where there is none."""
        name = f"qemu-{self.other_cpu}"
        return shutil.which(name) or shutil.which(f"{name}-static") or ""

    def built_for(self, target: str) -> Toolchain:
        """The same toolchain for another target; Zig, which alone can build for all of them."""
        return Toolchain("zig", "timed", target, self.toolchain.cache_root)


@dataclass(frozen=True, slots=True)
class Claim:
    """`artifact`, as it was built here, is taken `to` somewhere else; `check` says how that ends."""

    artifact: str
    to: str
    check: Callable[[Site], Finding]


def find_interpreters(commands: Sequence[str]) -> tuple[Interpreter, ...]:
    """The Pythons that `commands` name, or those of COMMANDS that are on PATH; none is of our own version.

    Raises Unavailable for a command that was asked for and is no Python.
    """
    found: dict[str, Interpreter] = {}
    for command in commands or COMMANDS:
        try:
            interpreter = find_interpreter(command)
        except Unavailable:
            if commands:
                raise
            continue
        if interpreter.version != sys.version.split()[0]:
            found.setdefault(interpreter.version, interpreter)
    return tuple(found.values())


def run_program(command: Sequence[str]) -> str:
    """What a program prints; raises BuildError where it fails."""
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", timeout=DEADLINE_S
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BuildError(f"{command[0]} did not run: {error}") from error
    if done.returncode != 0:
        said = (done.stderr.strip() or "no message").splitlines()[-1]
        raise BuildError(f"{Path(command[0]).name} ended with {done.returncode}: {said}")
    return done.stdout
