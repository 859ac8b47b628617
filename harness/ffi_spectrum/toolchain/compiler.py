"""The one compiler that builds native and Wasm code, and the flags that ask it for each target."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sysconfig
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path

from ffi_spectrum.errors import BuildError, Unavailable
from ffi_spectrum.toolchain.target import COMMON_FLAGS, GUEST_FLAGS, Build, Target

# A compile that takes longer is stuck: Zig spins for ever where it cannot write its cache.
DEADLINE_S = 180.0


@dataclass(frozen=True, slots=True)
class Compiler:
    """A C compiler: how to start it and what it is."""

    name: str
    argv: tuple[str, ...]
    version: str

    @property
    def is_zig(self) -> bool:
        return self.argv[-1] == "cc" and Path(self.argv[0]).name.startswith("zig")

    def flags(self, target: Target, build: Build) -> tuple[str, ...]:
        """The flags that select `target` and `build`; a compiler other than Zig builds for this host only."""
        flags = list(COMMON_FLAGS)
        if self.is_zig:
            flags += ["-target", target.triple, f"-mcpu={target.cpu}"]
        else:
            flags += [f"-march={target.march}"]
        if target.is_guest:
            return (*flags, *GUEST_FLAGS)
        flags += ["-fPIC", "-shared", "-fvisibility=hidden"]
        if build == "ubsan":
            flags += ["-g", "-fsanitize=undefined", "-fsanitize-trap=undefined"]
        elif build == "asan":
            flags += ["-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
        elif self.is_zig:
            flags += ["-fno-sanitize=undefined", "-Wl,--strip-all"]
        return tuple(flags)

    def run(self, arguments: list[str], zig_cache: Path, deadline_s: float = DEADLINE_S) -> str:
        """Run the compiler and return its standard output; raises BuildError with its messages.

        What follows `-o` must be there afterwards: a program that is no compiler may end without an error.
        """
        environment = dict(os.environ, ZIG_GLOBAL_CACHE_DIR=str(zig_cache), ZIG_LOCAL_CACHE_DIR=str(zig_cache))
        command = [*self.argv, *arguments]
        try:
            exit_code, output, messages = _run_group(command, environment, deadline_s)
        except subprocess.TimeoutExpired:
            raise BuildError(f"{self.name} did not end within {deadline_s:g} s: {' '.join(command)}") from None
        except OSError as error:
            raise BuildError(f"{self.name} could not be started: {error}") from error
        if exit_code != 0:
            raise BuildError(f"{self.name} failed with exit code {exit_code}:\n{messages.strip()}")
        for option, path in pairwise(arguments):
            if option == "-o" and not Path(path).is_file():
                raise BuildError(
                    f"{self.argv[0]} ended without an error and did not write {Path(path).name}: it does not work as a "
                    "C compiler; choose another with --cc"
                )
        return output


def _run_group(command: list[str], environment: dict[str, str], deadline_s: float) -> tuple[int, str, str]:
    """Run a command in a process group of its own, so that at the deadline its children (cc1, ld) end with it."""
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment,
        text=True, errors="replace", process_group=0,
    ) as process:  # fmt: skip
        try:
            output, messages = process.communicate(timeout=deadline_s)
        except BaseException:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            raise
    return process.returncode, output, messages


@cache
def find_compiler(choice: str = "zig") -> Compiler:
    """Find `zig` (the one from PyPI's ziglang, or one on PATH), `gcc`, `clang` or the compiler at a path."""
    if choice == "zig":
        program = _find_zig()
        return Compiler("zig", (program, "cc"), _version_of([program, "version"]))
    program = shutil.which(choice) or ""
    if not program:
        raise Unavailable(f"no C compiler {choice!r} was found; install it, or leave out --cc to use ziglang")
    if Path(program).name == "zig":
        return Compiler("zig", (program, "cc"), _version_of([program, "version"]))
    return Compiler(Path(choice).name, (program,), _version_of([program, "--version"]))


def _find_zig() -> str:
    spec = find_spec("ziglang")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        program = Path(folder) / "zig"
        if program.is_file():
            return str(program)
    program_on_path = shutil.which("zig")
    if program_on_path:
        return program_on_path
    raise Unavailable("no C compiler: install one with `pip install ziglang`, or name yours with --cc")


def _version_of(command: list[str]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.SubprocessError) as error:
        raise Unavailable(f"the C compiler {command[0]} does not work: {error}") from error
    return done.stdout.splitlines()[0].strip() if done.stdout else "unknown"


def python_include() -> Path:
    """The folder of Python.h; raises Unavailable with the install hint where the headers are missing."""
    folders = [sysconfig.get_path("include"), sysconfig.get_path("platinclude")]
    for folder in folders:
        if (Path(folder) / "Python.h").is_file():
            return Path(folder)
    raise Unavailable(
        f"the CPython headers are missing (no Python.h in {folders[0]}): install python3-dev (Debian, Ubuntu) or "
        "python3-devel (Fedora), or use a Python from uv or python.org"
    )
