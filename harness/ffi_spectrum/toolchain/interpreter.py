"""Other Python interpreters: where one is, and what it is."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from ffi_spectrum.errors import Unavailable

OLDEST = (3, 11)
PROBE_DEADLINE_S = 60.0

# Runs under any Python since 2.6, so that one which is too old can say so; sees no module of the current directory.
_PROBE = """
import sys; sys.path[:] = [folder for folder in sys.path if folder]
import json, os, platform, sysconfig
print(json.dumps({
    "implementation": platform.python_implementation(), "version": platform.python_version(),
    "abiflags": getattr(sys, "abiflags", ""), "abi": sysconfig.get_config_var("SOABI") or "", "build": sys.version,
    "executable": os.path.realpath(getattr(sys, "_base_executable", None) or sys.executable),
}))
"""


@dataclass(frozen=True, slots=True)
class Interpreter:
    """One installed Python.

    `command` is what the user called it, `program` what starts it, `executable` the file behind all links and virtual
    environments. `abi` is the tag of its extension modules, `build` its `sys.version`.
    """

    command: str
    program: str
    implementation: str
    version: str
    abiflags: str
    abi: str
    build: str
    executable: str

    @property
    def title(self) -> str:
        """`CPython 3.13.0`, and `CPython 3.13.0t` for a free-threaded build."""
        return f"{self.implementation} {self.version}{self.abiflags}"

    @property
    def name(self) -> str:
        """The title as a part of file names."""
        return self.title.lower().replace(" ", "-").replace(os.sep, "-")


def find_interpreter(command: str) -> Interpreter:
    """Ask the Python that `command` starts (a name on PATH, or a path) what it is.

    Raises Unavailable where there is none, where it is not a Python that answers, and where it is too old.
    """
    program = shutil.which(Path(command).expanduser())
    if program is None:
        raise Unavailable("there is no such command, and no such program; install it, or give its path")
    facts = _read_facts(_probe(program))
    interpreter = Interpreter(command, str(Path(program).absolute()), **facts)
    if _major_minor(interpreter.version) < OLDEST:
        needed = ".".join(map(str, OLDEST))
        raise Unavailable(f"it is {interpreter.title}, and {needed} or newer is needed")
    return interpreter


def _probe(program: str) -> str:
    try:
        done = subprocess.run(
            [program, "-E", "-s", "-c", _PROBE], stdin=subprocess.DEVNULL, capture_output=True, text=True,
            errors="replace", timeout=PROBE_DEADLINE_S,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise Unavailable(f"{program} did not answer within {PROBE_DEADLINE_S:g} s") from None
    except OSError as error:
        raise Unavailable(f"{program} could not be started: {error.strerror}") from error
    if done.returncode != 0:
        said = done.stderr.strip().splitlines()
        raise Unavailable(f"{program} ended with exit code {done.returncode}" + (f": {said[-1]}" if said else ""))
    return done.stdout


def _read_facts(answer: str) -> dict[str, str]:
    try:
        row = json.loads(answer)
        names = ("implementation", "version", "abiflags", "abi", "build", "executable")
        facts = {name: str(row[name]) for name in names}
        _major_minor(facts["version"])
    except (ValueError, LookupError, TypeError) as error:
        raise Unavailable("it did not answer as a Python does") from error
    return facts


def _major_minor(version: str) -> tuple[int, int]:
    """Raises ValueError for what is no version."""
    major, minor, *_ = version.split(".")
    return int(major), int(minor)
