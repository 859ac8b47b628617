"""Whether this machine has a device, asked by another process: the caller's own never maps the driver's library."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import NamedTuple

_ROOT = Path(__file__).resolve().parents[2]
_ASK = """
import json, sys
sys.path.append(sys.argv[1])
from ffi_spectrum.device.probe import absence, architecture
reason = absence()
print(json.dumps([reason, "" if reason else architecture()]))
"""
_DEADLINE_S = 60.0


class Found(NamedTuple):
    """Why nothing can run on a device here, "" where it can; and then the first device's architecture."""

    absence: str
    architecture: str


@cache
def find_elsewhere() -> Found:
    """What `absence` and `architecture` of device/probe.py say in a process of their own; -P as for every worker."""
    command = [sys.executable, "-P", "-c", _ASK, str(_ROOT)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_DEADLINE_S, check=True)
        return Found(*json.loads(done.stdout))
    except subprocess.TimeoutExpired:
        return Found(f"no CUDA device: the driver did not answer within {_DEADLINE_S:g} s", "")
    except subprocess.CalledProcessError as error:
        return Found(f"no CUDA device: a process that asked the driver for one ended with {error.returncode}", "")
