"""Where standard output ends early: a full disk is one sentence, a closed pipe is none."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

COMMANDS = [("show", "FILE"), ("show", "FILE", "--json"), ("report", "FILE"), ("bench", "--list"), ("--help",)]
DEADLINE_S = 60


def start(results_file: Path, command: tuple[str, ...], unbuffered: str, stdout: int) -> subprocess.Popen[str]:
    words = [str(results_file) if word == "FILE" else word for word in command]
    return subprocess.Popen(
        [sys.executable, "-m", "ffi_spectrum", *words], stdout=stdout, stderr=subprocess.PIPE, text=True,
        env=os.environ | {"PYTHONUNBUFFERED": unbuffered},
    )  # fmt: skip


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_full_disk_is_one_sentence(results_file: Path, command: tuple[str, ...], unbuffered: str) -> None:
    with Path("/dev/full").open("w") as full:
        process = start(results_file, command, unbuffered, full.fileno())
    _, messages = process.communicate(timeout=DEADLINE_S)
    sentence = "ffi-spectrum: standard output cannot be written: No space left on device\n"
    assert (process.returncode, messages) == (1, sentence)


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_closed_pipe_ends_quietly(results_file: Path, command: tuple[str, ...], unbuffered: str) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    process = start(results_file, command, unbuffered, writer)
    os.close(writer)
    _, messages = process.communicate(timeout=DEADLINE_S)
    assert (process.returncode, messages) == (1, "")
