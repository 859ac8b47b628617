"""A device is looked for in another process, and the answer is the one that this process would get."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ffi_spectrum.device.elsewhere import Found, find_elsewhere
from ffi_spectrum.device.probe import absence, architecture

# What a program gets to know, and whether its own process has mapped the driver's library by then.
ASKING = """
from pathlib import Path
from ffi_spectrum.device.elsewhere import find_elsewhere
found = find_elsewhere()
assert find_elsewhere() is found
print(found.absence, "libcuda" in Path("/proc/self/maps").read_text(), sep="|")
"""


def test_the_answer_is_the_same() -> None:
    reason = absence()
    assert find_elsewhere() == Found(reason, "" if reason else architecture())


def test_the_caller_does_not_map_the_driver() -> None:
    done = subprocess.run([sys.executable, "-c", ASKING], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == f"{absence()}|False"


@pytest.mark.parametrize(
    ("script", "said"), [("exit 7", "ended with 7"), ("kill -SEGV $$", "ended with -11"), ("sleep 5", "within 0.2 s")]
)
def test_a_process_that_fails_is_a_reason(
    script: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "python"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(program))
    monkeypatch.setattr("ffi_spectrum.device.elsewhere._DEADLINE_S", 0.2 if "sleep" in script else 30.0)
    assert said in find_elsewhere.__wrapped__().absence
