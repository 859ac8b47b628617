"""Ctrl-C, SIGKILL and a second start: nothing that was measured is lost, and nothing is measured twice."""

from __future__ import annotations

import signal
import subprocess
import time
from pathlib import Path

import pytest

from ffi_spectrum.results.store import read_results

from .scratch import DEADLINE_S, ScratchTree

OPTIONS = ("--kernel", "add", "--kernel", "noop", "--rung", "python", "--out", "out.jsonl")
PROCESSES = 30


def lines_of(path: Path) -> int:
    return path.read_bytes().count(b'"kind":"process"') if path.exists() else 0


def start_and_signal(tree: ScratchTree, number: signal.Signals) -> subprocess.CompletedProcess[str]:
    """Start a bench, wait until three processes are on disk, send it the signal and wait for its end."""
    tree.edit("harness/ffi_spectrum/profiles/quick.toml", "looks = [2]", f"looks = [{PROCESSES}]")
    bench = subprocess.Popen(
        tree.command("bench", *OPTIONS), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=tree.environment(), cwd=tree.root,
        # a job in the background ignores Ctrl-C, and so would everything that it starts
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    try:
        give_up = time.monotonic() + DEADLINE_S
        while lines_of(tree.root / "out.jsonl") < 3:
            assert bench.poll() is None, bench.communicate()
            assert time.monotonic() < give_up
            time.sleep(0.01)
        bench.send_signal(number)
        output, errors = bench.communicate(timeout=DEADLINE_S)
    finally:
        bench.kill()
        bench.wait()
    return subprocess.CompletedProcess(bench.args, bench.returncode, output, errors)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL], ids=["Ctrl-C", "SIGKILL"])
def test_an_interrupted_run_resumes_where_it_was(tree: ScratchTree, number: signal.Signals) -> None:
    done = start_and_signal(tree, number)
    out = tree.root / "out.jsonl"
    saved = lines_of(out)
    before = read_results(out).processes
    assert 3 <= saved < 2 * PROCESSES
    if number is signal.SIGINT:
        assert done.returncode == 130
        assert "out.jsonl" in done.stderr + done.stdout
        assert "Traceback" not in done.stderr
    resumed = tree.run("bench", *OPTIONS)
    assert resumed.returncode == 0, resumed.stderr
    after = read_results(out).processes
    assert after[: len(before)] == before
    assert len({(record.panel, record.process) for record in after}) == len(after) == 2 * PROCESSES


def test_a_finished_file_is_not_measured_again(tree: ScratchTree) -> None:
    assert tree.run("bench", *OPTIONS).returncode == 0
    content = (tree.root / "out.jsonl").read_bytes()
    again = tree.run("bench", *OPTIONS)
    assert again.returncode == 0, again.stderr
    assert (tree.root / "out.jsonl").read_bytes() == content


def test_another_plan_is_refused_in_one_sentence(tree: ScratchTree) -> None:
    assert tree.run("bench", *OPTIONS).returncode == 0
    content = (tree.root / "out.jsonl").read_bytes()
    other = tree.run("bench", "--kernel", "spin", "--rung", "python", "--out", "out.jsonl")
    assert other.returncode == 1
    assert "another plan" in other.stderr
    assert "Traceback" not in other.stderr
    assert (tree.root / "out.jsonl").read_bytes() == content


def test_another_library_is_refused(tree: ScratchTree) -> None:
    assert tree.run("bench", *OPTIONS).returncode == 0
    tree.edit("native/kernels/element.h", "(uint64_t)a + (uint64_t)b", "(uint64_t)b + (uint64_t)a + 0 * (uint64_t)a")
    tree.edit("native/kernels/element.h", ">> 29", ">> 28")
    other = tree.run("bench", *OPTIONS)
    assert other.returncode == 1
    assert "another library" in other.stderr


def test_workers_do_not_outlive_a_killed_bench(tree: ScratchTree) -> None:
    start_and_signal(tree, signal.SIGKILL)
    give_up = time.monotonic() + 10
    while running := workers_in(tree.root):
        assert time.monotonic() < give_up, running
        time.sleep(0.05)


def workers_in(root: Path) -> list[str]:
    """Processes whose working directory is the scratch tree."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if (entry / "cwd").resolve(strict=True) == root.resolve():
                found.append((entry / "cmdline").read_text().replace("\0", " "))
        except OSError:
            continue  # ended meanwhile, or not ours to look into
    return found
