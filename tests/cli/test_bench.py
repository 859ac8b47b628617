"""`bench`: what it plans, what it says while it runs, and how it ends."""

from __future__ import annotations

import shlex
import shutil
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from ffi_spectrum.cli import main
from ffi_spectrum.commands import bench
from ffi_spectrum.commands.request import Request
from ffi_spectrum.errors import BuildError
from ffi_spectrum.kernels.table import KERNELS
from ffi_spectrum.results.store import Results, read_results
from ffi_spectrum.rungs.table import RUNGS

from .conftest import Run
from .synthetic import write_results

SMALL = ("--rung", "ctypes", "--rung", "python", "--kernel", "crc32")


def stand_in(monkeypatch: pytest.MonkeyPatch, ending: BaseException | None = None) -> list[Any]:
    """Put invented results in the place of a measurement; `ending` is raised after three of twelve processes."""
    plans: list[Any] = []

    def run_plan(plan: Any, path: Path, toolchain: Any, observer: Any, next_look: Any) -> Results:
        plans.append((plan, path, toolchain))
        observer.building("ctypes")
        observer.unavailable("cext", "no headers")
        observer.bound(4.2)
        observer.start(12, 0, 4.2)
        path.parent.mkdir(exist_ok=True)
        write_results(path, processes=3)
        observer.process_done("in-process/crc32/1024", 3, 12, 3.1)
        if ending:
            raise ending
        observer.process_done("in-process/crc32/1024", 12, 12, 0.0)
        return read_results(path)

    monkeypatch.setattr(bench, "run_plan", run_plan)
    return plans


def test_list_prints_cases_and_time_and_measures_nothing(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    plans = stand_in(monkeypatch)
    done = run("bench", "--list", *SMALL, "--rung", "numpy")
    lines = done.stdout.splitlines()
    assert done.exit_code == 0
    assert lines[0].startswith("in-process/crc32/1024: ")
    assert "  crc32/1024/ctypes.ndpointer/fresh/host/per_call" in lines
    assert any(line.startswith("not listed: numpy on crc32: ") for line in lines)
    assert lines[-1].split(" of 12 processes: about ")[0].endswith("cases in 1 panels")
    assert plans == []
    assert list(Path().iterdir()) == []


def test_a_run_ends_with_its_table_and_where_the_raw_times_are(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(monkeypatch)
    done = run("bench", *SMALL, "--out", "a b.jsonl")
    assert done.exit_code == 0
    assert "crc32, size 1,024" in done.stdout.splitlines()
    assert "Raw times are in a b.jsonl; see them again with: " in done.stdout
    assert done.stdout.endswith(" show 'a b.jsonl'\n")


def test_without_a_terminal_progress_is_plain_lines(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(monkeypatch)
    assert run("bench", *SMALL).stderr.splitlines() == [
        "building ctypes",
        "cext is unavailable: no headers",
        "measuring in 12 processes, about 4 s",
        "12 of 12 processes, 0 s left",
    ]


def test_a_run_that_measured_no_requested_case_fails(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The floor, which is in every panel, does not count where it was not asked for."""

    def run_plan(plan: Any, path: Path, toolchain: Any, observer: Any, next_look: Any) -> Results:
        write_results(path, Request(rungs=("ctypes",), kernels=("crc32",), forms=("fresh",), seed=5))
        return read_results(path)

    monkeypatch.setattr(bench, "run_plan", run_plan)
    done = run("bench", "--rung", "ctypes", "--kernel", "crc32", "--form", "fresh", "--out", "x.jsonl")
    sentence = "ffi-spectrum: no requested case was measured; the reasons are above and in x.jsonl\n"
    assert (done.exit_code, done.stderr) == (1, sentence)
    assert "it was ended by SIGSEGV" in done.stdout
    assert "Raw times" not in done.stdout


def test_a_compiler_that_compiles_nothing_is_named_and_fails(run: Run) -> None:
    program = shutil.which("true")
    assert program
    done = run("bench", "--cc", program, "--rung", "ctypes", "--kernel", "add", "--out", "x.jsonl")
    assert done.exit_code == 1
    assert f"ctypes is unavailable: {program} ended without an error and did not write" in done.stderr
    assert done.stderr.splitlines()[-1].startswith("ffi-spectrum: no requested case was measured")


def test_an_unusable_cache_stops_no_run(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    plans = stand_in(monkeypatch)
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("FFI_SPECTRUM_CACHE", str(tmp_path / "file" / "cache"))
    assert run("bench", "--rung", "python", "--kernel", "crc32").exit_code == 0
    ((_, _, toolchain),) = plans
    assert toolchain.cache_root == tmp_path / "file" / "cache"


@pytest.mark.parametrize("extra", [(), ("--list",)])
def test_a_size_for_a_kernel_without_one_is_remarked(
    run: Run, monkeypatch: pytest.MonkeyPatch, extra: tuple[str, ...]
) -> None:
    stand_in(monkeypatch)
    note = "note: --size does not apply to add: scalar kernels have no size"
    kernels = ("--kernel", "add", "--kernel", "crc32")
    assert run("bench", *kernels, "--size", "5", *extra).stderr.splitlines()[0] == note
    assert "note: " not in run("bench", *kernels, *extra).stderr
    assert "note: " not in run("bench", "--kernel", "crc32", "--size", "5", *extra).stderr


def test_the_options_reach_the_plan_and_the_toolchain(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    plans = stand_in(monkeypatch)
    run(
        "bench",
        *SMALL,
        "--size",
        "8",
        "--size",
        "64",
        "--form",
        "prebound",
        "--seed",
        "7",
        "--cc",
        sys.executable,
        "--out",
        "x",
    )
    ((plan, path, toolchain),) = plans
    assert {(case.kernel, case.size, case.form) for panel in plan.panels for case in panel.cases} == {
        ("crc32", 8, "prebound"),
        ("crc32", 64, "prebound"),
    }
    assert (plan.seed, path, toolchain.cc) == (7, Path("x"), sys.executable)


def test_ctrl_c_says_in_one_sentence_what_is_saved_and_how_to_go_on(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(monkeypatch, KeyboardInterrupt())
    done = run("bench", *SMALL, "--out", "a b.jsonl")
    assert (done.exit_code, done.stdout) == (130, "")
    sentence = done.stderr.splitlines()[-1]
    assert sentence.startswith("ffi-spectrum: stopped; 3 of 12 processes saved in a b.jsonl, go on with: ")
    words = shlex.split(sentence.split("go on with: ")[1])
    again = words[words.index("bench") :]
    assert again == ["bench", "--profile", "quick", *SMALL, "--out", "a b.jsonl"]


def test_the_resuming_command_asks_for_the_same_plan(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    plans = stand_in(monkeypatch, KeyboardInterrupt())
    options = [*SMALL, "--size", "8", "--form", "fresh", "--profile", "full", "--cc", sys.executable, "--seed", "9"]
    options += ["--max-processes", "25", "--cap-s", "7.5"]
    sentence = run("bench", *options, "--out", "x").stderr.splitlines()[-1]
    words = shlex.split(sentence.split("go on with: ")[1])
    Path("x").unlink()
    run(*words[words.index("bench") :])
    (first, second) = plans
    assert first[:2] == second[:2]
    assert first[2].cc == second[2].cc


def test_ctrl_c_before_the_first_process_says_so(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def run_plan(*arguments: Any) -> Results:
        raise KeyboardInterrupt

    monkeypatch.setattr(bench, "run_plan", run_plan)
    done = run("bench", *SMALL, "--out", "x")
    assert done.exit_code == 130
    assert "stopped before anything was measured; start again with: " in done.stderr


def test_an_expected_error_is_a_sentence_and_no_traceback(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(monkeypatch, BuildError("zig failed"))
    done = run("bench", *SMALL)
    assert (done.exit_code, done.stderr.splitlines()[-1]) == (1, "ffi-spectrum: zig failed")


@pytest.mark.parametrize(
    ("options", "known"),
    [
        (("--rung", "cgo"), list(RUNGS)),
        (("--kernel", "fft"), list(KERNELS)),
        (("--form", "bound"), ["prebound", "fresh"]),
        (("--profile", "slow"), ["quick", "full"]),
    ],
)
def test_an_unknown_name_lists_the_known_ones(run: Run, options: tuple[str, str], known: list[str]) -> None:
    done = run("bench", *options)
    assert (done.exit_code, done.stdout) == (2, "")
    assert options[1] in done.stderr
    assert all(name in done.stderr for name in known)


def test_a_compiler_that_was_asked_for_must_exist(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    plans = stand_in(monkeypatch)
    done = run("bench", *SMALL, "--cc", "no-such-compiler")
    assert (done.exit_code, plans) == (1, [])
    assert done.stderr.startswith("ffi-spectrum: no C compiler 'no-such-compiler' was found")


@pytest.mark.parametrize("content", ["{damaged\n", None])
def test_a_file_that_cannot_be_resumed_stops_before_any_work(run: Run, tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "run.jsonl"
    if content is None:
        path.mkdir()
    else:
        path.write_text(content)
    done = run("bench", *SMALL, "--out", path)
    assert done.exit_code == 1
    assert str(path) in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_the_default_file_is_named_after_profile_and_time() -> None:
    path = bench.default_path("quick", datetime(2026, 11, 24, 6, 5, 4))
    assert path == Path("results/quick-20261124-060504.jsonl")


def test_every_option_of_the_readme_exists() -> None:
    """The options that the documentation and the Makefile name."""
    options = {option for parameter in main.commands["bench"].params for option in parameter.opts}
    assert options == {
        "--profile", "--rung", "--kernel", "--size", "--form", "--seed", "--out", "--cc", "--list",
        "--max-processes", "--cap-s", "--python", "--in-turns",
    }  # fmt: skip
