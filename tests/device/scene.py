"""What a fault is done to: the session of this process, another process with one of its own, or a whole run."""

from __future__ import annotations

import ctypes
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from ffi_spectrum.device.launch import Launch
from ffi_spectrum.device.probe import architecture
from ffi_spectrum.device.session import Session, open_session
from ffi_spectrum.results.store import Results, read_results
from ffi_spectrum.toolchain.build import Toolchain
from ffi_spectrum.toolchain.cubin import cubin
from ffi_spectrum.toolchain.launcher import launcher_library

from ..faults.scratch import ScratchTree

CHILD_S = 60.0
# Before every child's own lines; `told` gives the type and the text of the error that something raises.
_PRELUDE = """
import ctypes, json, os, sys
from pathlib import Path
import numpy as np
from ffi_spectrum.device import probe
from ffi_spectrum.device.session import open_session
from ffi_spectrum.errors import FFISpectrumError
ONE = ((1, 1, 1), (1, 1, 1))

def told(deed):
    try:
        deed()
    except FFISpectrumError as error:
        return [type(error).__name__, str(error)]
    return ["", ""]

def start(session, launch):
    prepared = launch.prepared(session.entry)
    assert session.launcher.launch_n(ctypes.addressof(prepared), 1) == 0

def say(found):
    print(json.dumps(found), flush=True)
    os._exit(0)  # the destructors of a device that is lost may say more

paths = [Path(argument) for argument in sys.argv[1:]]
"""


@dataclass(frozen=True, slots=True)
class Scene:
    """A session, the files that others open theirs with, and a folder to spoil."""

    session: Session
    paths: tuple[str, str]
    folder: Path

    def start(self, launch: Launch) -> None:
        """Launch it on the session's stream, by the C launcher."""
        prepared = launch.prepared(self.session.entry)
        assert self.session.launcher.launch_n(ctypes.addressof(prepared), 1) == 0

    def child(self, lines: str, **environment: str) -> list[tuple[str, str]]:
        """What another Python process says: pairs of an error's type and text."""
        done = subprocess.run(
            [sys.executable, "-c", _PRELUDE + lines, *self.paths], capture_output=True, text=True, timeout=CHILD_S,
            env=os.environ | environment,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return [(error, said) for error, said in json.loads(done.stdout.splitlines()[-1])]


def open_scene(folder: Path) -> Scene:
    """Builds what is needed; raises Unavailable where there is no device."""
    toolchain = Toolchain()
    paths = cubin(toolchain, architecture()).path, launcher_library(toolchain).path
    return Scene(open_session(*paths), (str(paths[0]), str(paths[1])), folder)


def bench(
    folder: Path, rungs: tuple[str, ...], source: str = "", deadline_s: float = 20, **environment: str
) -> Results:
    """A short run of `add` in a copy of the sources, with the rung `bad` of `source` where there is one."""
    folder.mkdir()
    tree = ScratchTree(folder)
    if source:
        tree.add_rung("bad", "Bad", source)
    tree.edit("harness/ffi_spectrum/profiles/quick.toml", "deadline_s = 20", f"deadline_s = {deadline_s}")
    asked = [word for rung in rungs for word in ("--rung", rung)]
    done = subprocess.run(
        tree.command("bench", "--kernel", "add", *asked, "--out", "out.jsonl"), capture_output=True, text=True,
        timeout=120, env=_environment(tree) | environment, cwd=folder,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return read_results(folder / "out.jsonl")


def _environment(tree: ScratchTree) -> dict[str, str]:
    """The copy's, and behind it what this process was given: packages may be there."""
    own = tree.environment()
    others = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]
    return own | {"PYTHONPATH": os.pathsep.join([own["PYTHONPATH"], *others])}
