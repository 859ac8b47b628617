"""Starting a module of this package in an interpreter of its own."""

from __future__ import annotations

import sys
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]
_BOOT = "import sys; sys.path.append(sys.argv.pop(1)); from {} import main; main(sys.argv[1:])"


def command(module: str, *options: str) -> list[str]:
    """The words that run `main` of the module with the arguments that follow.

    Without other options it is -P, which keeps the working folder's modules out of it.
    """
    return [sys.executable, *(options or ("-P",)), "-c", _BOOT.format(module), str(_ROOT)]
