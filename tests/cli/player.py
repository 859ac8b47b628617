"""Stands in for `python -I -m ffi_spectrum` in an interpreter's environment: takes real turns, and invents the times.

FFIS_TEST_LOG names a file that gets a line per turn: the results file's name and the seed. FFIS_TEST_ENDING says, for
a results file's name, how that bench ends: "early" before its first turn, "late" after its second, "mute" without a
word.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

from ffi_spectrum.cli import main
from ffi_spectrum.commands import interpreters
from ffi_spectrum.errors import MeasurementError
from ffi_spectrum.results.store import Results, read_results

from . import synthetic

PROCESSES = 12


def run_plan(plan: Any, path: Path, toolchain: Any, observer: Any, next_look: Any) -> Results:
    ending = json.loads(os.environ.get("FFIS_TEST_ENDING", "{}")).get(path.name, "")
    if ending == "mute":
        os._exit(3)
    if ending == "early":
        raise MeasurementError("it was refused")
    done = PROCESSES if path.exists() else 0
    if not done:
        synthetic.CROSSING_NS["ctypes"] *= 2 if "3.99" in path.name else 1
        synthetic.write_results(path, replace(synthetic.REQUEST, seed=plan.seed), 7 if ending else PROCESSES)
    observer.bound(9.0)
    observer.start(PROCESSES, done, 3.0)
    for number in range(done + 1, PROCESSES + 1):
        with Path(os.environ["FFIS_TEST_LOG"]).open("a") as log:
            log.write(f"{path.name} {plan.seed}\n")
        observer.process_done("in-process/crc32/1024", number, PROCESSES, 1.0)
        if ending == "late" and number == 2:
            raise MeasurementError("it lost its worker")
    return read_results(path)


with patch.object(interpreters, "run_plan", run_plan):
    main(sys.argv[sys.argv.index("bench") :], prog_name="ffi-spectrum")
