"""Agreement with other tools: by their medians, and honest where one is missing."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from ffi_spectrum.errors import MeasurementError
from ffi_spectrum.measure.snippet import call
from ffi_spectrum.validation import peer_process
from ffi_spectrum.validation.cross_harness import _timeit, against_pyperf, against_timeit
from ffi_spectrum.validation.subjects import Subjects

RECORDED = Path(__file__).parent / "recorded"
CTYPES = call("noop()", setup="import ctypes; noop = ctypes.CDLL(None).getpid")
PYTHON = call("noop()", setup="def noop(): pass")
SUBJECTS = Subjects(CTYPES, CTYPES, PYTHON, PYTHON, Path("delay.so"))
# The medians of the recorded files' values, by `pyperf show --values`.
RECORDED_NS = 38.5


def recorded(tool: str, arguments: Sequence[str], directory: Path, deadline_s: float) -> str:
    assert tool == "pyperf"
    name = "pyperf_ctypes.json" if "ctypes" in arguments[arguments.index("-s") + 1] else "pyperf_python.json"
    shutil.copy(RECORDED / name, directory / arguments[arguments.index("-o") + 1])
    assert arguments[-1] == "noop()"
    assert "-p7" in arguments
    return ""


@pytest.mark.parametrize(("ours_ns", "state"), [(38.4, "met"), (36.0, "missed"), (41.0, "missed")])
def test_the_difference_of_medians_may_be_one_nanosecond_off(ours_ns: float, state: str) -> None:
    target = against_pyperf(SUBJECTS, ours_ns, 7, recorded)
    assert target.state == state
    assert target.figure == pytest.approx(abs(ours_ns - RECORDED_NS), abs=0.6)
    assert target.detail.startswith(f"{ours_ns:.2f} ns here, ")


def test_without_pyperf_the_target_is_unavailable_and_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peer_process, "find_spec", lambda name: None)
    target = against_pyperf(SUBJECTS, 39.0, 7, recorded)
    assert (target.state, target.figure) == ("unavailable", None)
    assert target.to_json()["met"] is None
    assert target.detail == "pyperf is not installed: python -m pip install pyperf"


def test_timeit_is_compared_by_its_median_over_processes() -> None:
    values = iter([50.0, 90.0, 51.0, 12.0, 11.0, 99.0])

    def said(tool: str, arguments: Sequence[str], directory: Path, deadline_s: float) -> str:
        seconds = next(values) * 2000e-9
        return " ".join([*["0.0"] * 20, str(seconds), *["1.0"] * 20])  # of 41 sorted repeats the middle one counts

    target = against_timeit(SUBJECTS, 38.75, 3, said)
    assert target.figure == pytest.approx(0.25)
    assert target.detail == "38.75 ns here, 39.00 ns by timeit"


def test_timeit_makes_the_call_of_the_snippet(tmp_path: Path) -> None:
    assert 0 < _timeit(PYTHON, tmp_path, peer_process.run_python) < 1e6
    wrong = replace(PYTHON, setup="raise SystemExit('no such function')")
    with pytest.raises(MeasurementError, match="timeit ended with exit code 1: no such function"):
        _timeit(wrong, tmp_path, peer_process.run_python)
