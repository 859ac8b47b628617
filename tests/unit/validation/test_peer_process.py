"""Running a peer: pinned, with a deadline, and quoted where it fails."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from ffi_spectrum.errors import MeasurementError, UsageError
from ffi_spectrum.measure.run import pinned_cpu
from ffi_spectrum.validation import peer_process
from ffi_spectrum.validation.peer_process import require, run_python
from ffi_spectrum.validation.peer_pyperf import Pyperf


def test_a_missing_peer_names_the_pip_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peer_process, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match="python -m pip install pyperf"):
        Pyperf(3.0)
    with pytest.raises(UsageError, match="pip install pytest-benchmark"):
        require("pytest_benchmark", "pytest-benchmark")


def test_a_failing_tool_is_quoted_by_its_last_line(tmp_path: Path) -> None:
    code = "import sys; print('first', file=sys.stderr); sys.exit('the last line')"
    with pytest.raises(MeasurementError, match=r"^pyperf ended with exit code 1: the last line$"):
        run_python("pyperf", ["-c", code], tmp_path, 60)


def test_a_tool_that_does_not_end_is_stopped(tmp_path: Path) -> None:
    with pytest.raises(MeasurementError, match=r"did not end within 0\.2 s"):
        run_python("pyperf", ["-c", "import time; time.sleep(60)"], tmp_path, 0.2)


def test_a_tool_runs_pinned_and_without_inherited_options(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTEST_ADDOPTS", "--nonsense")
    monkeypatch.setenv("PYTHONWARNINGS", "error")
    code = "import os, sys; print(sorted(os.sched_getaffinity(0)), *(n for n in os.environ if n.startswith('PYT')))"
    said = run_python("pyperf", ["-c", code], tmp_path, 60).strip()
    cpu = pinned_cpu()
    if cpu >= 0:
        assert said.startswith(f"[{cpu}]")
    assert said.endswith("] PYTEST_DISABLE_PLUGIN_AUTOLOAD")


def test_the_wrapper_is_this_interpreter(tmp_path: Path) -> None:
    assert run_python("pyperf", ["-c", "import sys; print(sys.prefix)"], tmp_path, 60).strip() == sys.prefix
