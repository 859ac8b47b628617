"""A rung that crashes, hangs, lies or raises costs its own row and nothing else."""

from __future__ import annotations

import json

import pytest

from ffi_spectrum.results.store import Results, read_results

from .scratch import ScratchTree

RUNG = """
import ctypes, os, signal, time
from dataclasses import replace
from ffi_spectrum.rungs.base import BoundCall
from ffi_spectrum.rungs.python import Python

calls = 0

def misbehave(*arguments):
    global calls
    calls += 1
    if calls > {healthy}:
        {deed}
    return {value}

class Bad(Python):
    info = replace(Python.info, name="bad", purpose="a rung for the fault tests")

    def _bind(self, buffers, form, variant):
        return BoundCall("misbehave(a, b)", {{"misbehave": misbehave, **buffers.placed}}, owner=buffers)
"""


def measure(tree: ScratchTree, deed: str, healthy: int = 0, value: str = "arguments[0] + arguments[1]") -> Results:
    tree.add_rung("bad", "Bad", RUNG.format(deed=deed, healthy=healthy, value=value))
    done = tree.run("bench", "--kernel", "add", "--rung", "bad", "--rung", "python", "--out", "out.jsonl")
    assert done.returncode == 0, done.stderr
    return read_results(tree.root / "out.jsonl")


@pytest.mark.parametrize("healthy", [0, 20], ids=["at the first call", "while it is timed"])
@pytest.mark.parametrize(
    ("deed", "said"),
    [
        ("ctypes.string_at(0)", "SIGSEGV"),
        ("os.kill(os.getpid(), signal.SIGKILL)", "SIGKILL"),
        ("os.abort()", "SIGABRT"),
        ("os._exit(3)", "exit code 3"),
    ],
)
def test_a_crash_gives_the_case_a_line_and_the_panel_goes_on(
    tree: ScratchTree, deed: str, said: str, healthy: int
) -> None:
    results = measure(tree, deed, healthy)
    (line,) = (record for record in results.cases if record.case.rung == "bad")
    assert line.status == "failed"
    assert said in line.reason
    assert line.case.id in line.reason
    assert [record.process for record in sorted(results.processes, key=lambda record: record.process)] == [0, 1]
    assert {row.case.rung for record in results.processes for row in record.cases} == {"floor", "python"}


def test_a_call_that_never_returns_is_ended_at_the_deadline(tree: ScratchTree) -> None:
    tree.edit("harness/ffi_spectrum/profiles/quick.toml", "deadline_s = 20", "deadline_s = 3")
    results = measure(tree, "time.sleep(3600)", healthy=20)
    (line,) = (record for record in results.cases if record.case.rung == "bad")
    assert line.status == "failed"
    assert "did not end within 3 s" in line.reason
    assert len(results.processes) == 2


def test_a_wrong_result_is_never_timed(tree: ScratchTree) -> None:
    results = measure(tree, "pass", value="arguments[0] - arguments[1]")
    (line,) = (record for record in results.cases if record.case.rung == "bad")
    assert line.status == "failed"
    assert "123449" in line.reason
    assert "123463" in line.reason


def test_a_rung_that_writes_nothing_is_found_out_although_others_wrote_before_it(tree: ScratchTree) -> None:
    source = RUNG.format(deed="pass", healthy=10**9, value="None").replace("misbehave(a, b)", "misbehave(a)")
    tree.add_rung("bad", "Bad", source)
    tree.edit("harness/ffi_spectrum/measure/subject.py", "rng.sample(range(len(job.cases)), len(job.cases))",
              "sorted(range(len(job.cases)), key=lambda i: job.cases[i].rung == 'bad')")  # fmt: skip
    done = tree.run("bench", "--kernel", "saxpy", "--rung", "bad", "--rung", "ctypes", "--out", "out.jsonl")
    assert done.returncode == 0, done.stderr
    results = read_results(tree.root / "out.jsonl")
    refused = {record.case.form: record for record in results.cases if record.case.rung == "bad"}
    assert set(refused) == {"prebound", "fresh"}
    assert all(record.status == "failed" and "nan" in record.reason for record in refused.values())


def test_an_exception_is_translated_and_costs_one_row(tree: ScratchTree) -> None:
    results = measure(tree, "raise ValueError('not today')")
    (line,) = (record for record in results.cases if record.case.rung == "bad")
    assert line.status == "failed"
    assert "ValueError: not today" in line.reason
    assert len(results.processes) == 2


def test_a_rung_that_prints_does_not_spoil_the_results(tree: ScratchTree) -> None:
    results = measure(tree, "print('hello', flush=True)")
    assert {row.case.rung for record in results.processes for row in record.cases} == {"bad", "floor", "python"}


def test_show_lists_the_failed_row_with_its_reason(tree: ScratchTree) -> None:
    measure(tree, "os.abort()")
    rows = {row["rung"]: row for row in json.loads(tree.run("show", "out.jsonl", "--json").stdout)}
    assert rows["bad"]["status"] == "failed"
    assert rows["bad"]["ns_per_call"] is None
    assert rows["python"]["status"] == "ok"
    assert "SIGABRT" in tree.run("show", "out.jsonl").stdout.replace("\n", " ")
