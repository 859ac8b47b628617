"""What test_child.py runs in fresh processes."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import Any

from ffi_spectrum.errors import BuildError, Unavailable, WrongResult

ERRORS = {"unavailable": Unavailable, "build": BuildError, "wrong": WrongResult}


def echo(row: dict[str, Any]) -> dict[str, Any]:
    sys.stdout.write("this is not the answer\n")
    subprocess.run([sys.executable, "-S", "-c", "print('nor is this')"], check=True, timeout=60)
    return {"row": row, "pid": os.getpid(), "variable": os.environ.get("FFI_SPECTRUM_TEST"), "path": sys.path}


def fail(row: dict[str, Any]) -> None:
    raise ERRORS[row["error"]](row["text"])


def crash(row: dict[str, Any]) -> None:
    sys.stderr.write("last words\n")
    os.abort()


def bug(row: dict[str, Any]) -> None:
    raise ZeroDivisionError("a bug")


def hang(row: dict[str, Any]) -> None:
    child = subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(600)"])
    with open(row["file"], "w") as file:  # noqa: PTH123
        file.write(str(child.pid))
    time.sleep(600)
