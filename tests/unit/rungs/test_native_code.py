"""Which native code of ours a caller of another process loads: none, but for the extension of the native ring."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ffi_spectrum.rungs.table import RUNGS, rung_class

from .opened import open_rung

TREE = Path(__file__).parents[3]
OURS = {"shm_ring": ["_ffis_ring"]}
NAMES = [
    name
    for name, info in ((name, rung_class(name).info) for name in RUNGS)
    if info.panel_group == "out-of-process" and not info.uses_device
]

# Opens the rung, makes a call in each variant, and prints the files with machine code that it has mapped.
CLIENT = """
import sys
from ffi_spectrum.kernels.table import KERNELS
from ffi_spectrum.kernels.workload import make_workload
from ffi_spectrum.measure.loop import call_once
from tests.unit.rungs.opened import open_rung
rung = open_rung(sys.argv[1])
for variant in rung.info.variants.get("prebound", ("",)):
    call_once(rung.bind(rung.place(make_workload(KERNELS["relu"], 7), "host"), "prebound", variant))
rows = [line.rstrip().split(maxsplit=5) for line in open("/proc/self/maps")]
print(*sorted({row[5] for row in rows if len(row) == 6 and "x" in row[1] and row[5].startswith("/")}), sep="\\n")
"""


def loaded_by_caller_of(name: str) -> list[str]:
    """The names of the files with machine code that a program has mapped which calls this rung."""
    open_rung(name).close()  # skips where it cannot be
    done = subprocess.run([sys.executable, "-c", CLIENT, name], cwd=TREE, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    return [Path(line).name for line in done.stdout.splitlines()]


@pytest.mark.timeout(120)
@pytest.mark.parametrize("name", NAMES)
def test_the_caller_loads_no_native_code_of_ours(name: str) -> None:
    loaded = loaded_by_caller_of(name)
    assert [file.partition(".")[0] for file in loaded if "ffis" in file] == OURS.get(name, [])
    assert any(file.startswith("_multiarray_umath") for file in loaded), "what is loaded is seen"


def test_native_code_is_seen_where_it_is_loaded() -> None:
    assert "libffis.so" in loaded_by_caller_of("ctypes")
