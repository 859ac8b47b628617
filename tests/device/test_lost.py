"""A device that is lost ends the process it is lost in: the case gets its line, the others a process without it."""

from __future__ import annotations

from pathlib import Path

import pytest

from .run_faults import ILLEGAL_RUNG, UNENDING_RUNG
from .scene import bench

# A rung of pure Python in place of one on a device: what is tested is what the run makes of its errors.
_RUNG = """
from dataclasses import replace
from ffi_spectrum.errors import {error}
from ffi_spectrum.rungs.base import BoundCall
from ffi_spectrum.rungs.python import Python

calls = 0

def misbehave(a, b):
    global calls
    calls += 1
    if calls > {healthy}:
        raise {error}("waiting: an illegal address in a kernel", 700)
    return a + b

class Bad(Python):
    info = replace(Python.info, name="bad", purpose="a rung for the fault tests")

    def _bind(self, buffers, form, variant):
        return BoundCall("misbehave(a, b)", {{"misbehave": misbehave, **buffers.placed}}, owner=buffers)
"""


@pytest.mark.parametrize("healthy", [0, 20], ids=["at the first call", "while it is timed"])
def test_the_rest_is_measured_in_a_process_without_the_case(tmp_path: Path, healthy: int) -> None:
    source = _RUNG.format(error="DeviceLost", healthy=healthy)
    results = bench(tmp_path / "run", ("bad", "python"), source)
    (line,) = (record for record in results.cases if record.case.rung == "bad")
    assert line.status == "failed"
    assert "ended with exit code 1" in line.reason
    assert "DeviceLost: waiting: an illegal address in a kernel" in line.reason
    assert {row.case.rung for record in results.processes for row in record.cases} == {"floor", "python"}
    assert [record.process for record in sorted(results.processes, key=lambda one: one.process)] == [0, 1]


def test_another_error_of_the_device_costs_its_case_and_no_process(tmp_path: Path) -> None:
    source = _RUNG.format(error="DeviceMemoryExhausted", healthy=0)
    results = bench(tmp_path / "run", ("bad", "python"), source)
    (line,) = (record for record in results.cases if record.case.rung == "bad")
    assert (line.status, line.reason) == ("failed", "waiting: an illegal address in a kernel")
    assert len(results.processes) == 2


@pytest.mark.parametrize("source", [ILLEGAL_RUNG, UNENDING_RUNG], ids=["illegal", "unending"])
def test_the_rungs_that_misbehave_on_a_device_are_python(source: str) -> None:
    """They run on a GPU machine only: here they compile, and their launches name what the cubin has."""
    compile(source, "bad.py", "exec")
    symbol = source.partition("self.session.launch('")[2].partition("'")[0]
    kernels = (Path(__file__).parents[2] / "native" / "cuda" / "stream.cu").read_text()
    assert f"FFIS_KERNEL {symbol}(" in kernels
