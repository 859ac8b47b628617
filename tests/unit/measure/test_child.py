"""A function in a fresh process: its answer, its errors, and its end in any case."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from ffi_spectrum.errors import BuildError, MeasurementError, Unavailable, WorkerDied
from ffi_spectrum.measure.child import run_child

HERE = Path(__file__).parent
PATH = [str(HERE), *sys.path]


def run(name: str, row: dict[str, Any] | None = None, deadline_s: float = 60.0, **environment: str) -> Any:
    return run_child(f"child_functions:{name}", row or {}, deadline_s, environment, PATH)


def test_the_answer_is_what_the_function_returns_whatever_is_printed() -> None:
    answer = run("echo", {"a": [1, 2]}, FFI_SPECTRUM_TEST="x")
    assert answer["row"] == {"a": [1, 2]}
    assert answer["pid"] != os.getpid()
    assert (answer["variable"], answer["path"]) == ("x", PATH)


@pytest.mark.parametrize(
    ("error", "kind"), [("unavailable", Unavailable), ("build", BuildError), ("wrong", MeasurementError)]
)
def test_errors_of_ours_are_raised_again(error: str, kind: type[Exception]) -> None:
    with pytest.raises(kind, match=r"^why it was$"):
        run("fail", {"error": error, "text": "why it was"})


@pytest.mark.parametrize(
    ("name", "message"), [("crash", "signal 6 .*last words"), ("bug", "exit code 1 .*ZeroDivisionError: a bug")]
)
def test_a_crash_and_a_bug_end_the_process_and_say_how(name: str, message: str) -> None:
    with pytest.raises(WorkerDied, match=message):
        run(name)


def test_at_the_deadline_the_process_ends_with_all_that_it_started(tmp_path: Path) -> None:
    file = tmp_path / "pid"
    with pytest.raises(WorkerDied, match="did not end within 3 s"):
        run("hang", {"file": str(file)}, 3.0)
    status = Path(f"/proc/{file.read_text()}/stat")
    until = time.monotonic() + 30
    while status.exists() and status.read_text().rpartition(")")[2].split()[0] != "Z":
        assert time.monotonic() < until, "the process that it started still runs"
        time.sleep(0.01)
