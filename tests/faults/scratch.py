"""A copy of the source tree that a test may break, extend and run, as a contributor would."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = Path("harness/ffi_spectrum")
DEADLINE_S = 120


class ScratchTree:
    """harness/, native/ and wasm/ copied to `root`, with a profile that is over in seconds."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for name in ("harness", "native", "wasm"):
            shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
        self.write(
            PACKAGE / "profiles/quick.toml",
            "looks = [2]\nrounds = 3\nblock_us = 5\ndeadline_s = 20\nmax_call_ms = 2\nlatency_ms = 1\n"
            "out_of_process = []\nwindows = []\n[sizes]\n[calls]\n",
        )

    def write(self, name: Path | str, text: str) -> None:
        (self.root / name).write_text(text)

    def edit(self, name: Path | str, old: str, new: str) -> None:
        """Replace a piece of text that must be there."""
        text = (self.root / name).read_text()
        assert old in text, f"{name} no longer contains {old!r}"
        self.write(name, text.replace(old, new, 1))

    def add_rung(self, name: str, class_name: str, source: str) -> None:
        """One file and one line: all that a new rung takes."""
        self.write(PACKAGE / f"rungs/{name}.py", source)
        line = f'    "{name}": "ffi_spectrum.rungs.{name}:{class_name}",\n'
        self.edit(PACKAGE / "rungs/table.py", '    "floor":', line + '    "floor":')

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "ffi_spectrum", *arguments]

    def environment(self) -> dict[str, str]:
        return os.environ | {"PYTHONPATH": str(self.root / "harness"), "PYTHONDONTWRITEBYTECODE": "1"}

    def run(self, *arguments: str, timeout: float = DEADLINE_S) -> subprocess.CompletedProcess[str]:
        """Run the command line of the copy in the copy's folder."""
        return subprocess.run(
            self.command(*arguments),
            capture_output=True,
            text=True,
            timeout=timeout,
            env=self.environment(),
            cwd=self.root,
        )
