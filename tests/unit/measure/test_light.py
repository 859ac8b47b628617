"""What a light process does and does not do, in real ones; nothing here depends on how long anything took."""

from __future__ import annotations

import operator
import os
import sys
import time
import zlib
from pathlib import Path

import pytest

from ffi_spectrum.errors import CallError, UsageError, WorkerDied, WrongResult
from ffi_spectrum.measure import light
from ffi_spectrum.measure.sampling import Protocol, sample_until
from ffi_spectrum.measure.snippet import call
from ffi_spectrum.results.sample import CONTROLS, Sample

from .light_process import BRIEF, sampled

# What the standard library holds that a process pays for, and that a light one starts without.
HEAVY = {
    "collections", "ctypes", "dataclasses", "enum", "functools", "inspect", "json", "numpy", "pathlib", "pickle",
    "random", "re", "signal", "site", "subprocess", "threading", "typing",
}  # fmt: skip


def test_a_sample_has_every_call_and_every_control() -> None:
    sample = sampled(call(zlib.crc32, b"abc", expected=zlib.crc32(b"abc")), call("f(1)", setup="def f(x): return x"))
    assert sample.seed == 1
    assert len(sample.calls) == 2
    assert set(sample.controls) == set(CONTROLS)
    for series in [*sample.calls, *sample.controls.values()]:
        assert series.iterations >= 1
        assert len(series.rounds) == len(series.elapsed_ns) >= 3
        assert all(isinstance(ns, int) and ns >= 0 for ns in series.elapsed_ns)
    assert len(sample.controls["empty"].rounds) - len(sample.disturbed) <= BRIEF.rounds
    assert sample.elapsed_ns > 0
    assert 0 <= sample.waited_share < 1


def test_a_system_that_does_not_count_waiting_gives_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(path: str, flags: int) -> int:
        raise FileNotFoundError(path)

    with monkeypatch.context() as patch:
        patch.setattr(os, "open", missing)
        waited_ns = light._waited_ns()
    assert waited_ns == 0


@pytest.mark.parametrize("seed", range(6))
def test_series_come_back_in_the_given_order_whatever_the_order_of_creation(seed: int) -> None:
    slow, quick = call(time.sleep, 0.002), call("f()", setup="def f(): pass")
    sample = sampled(slow, quick, protocol=Protocol(rounds=6, block_ns=100_000), seed=seed)
    assert sample.calls[0].iterations == 1 < sample.calls[1].iterations
    assert sample.controls["duplicate"].iterations == 1


def test_a_light_process_imports_nothing_heavy_before_the_setup_runs() -> None:
    found = f"import sys; found = sorted({HEAVY!r} & set(sys.modules))"
    sampled(call("found", setup=found, expected=[]))


def test_every_process_has_its_own_hash_seed_and_none_of_our_python_options(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONDEVMODE", "1")
    seeds = "import os, sys; found = os.environ['PYTHONHASHSEED'], sys.flags.dev_mode"
    sampled(call("found", setup=seeds, expected=("12345", False)), seed=12345)
    sampled(call("found", setup=seeds, expected=("5", False)), seed=2**32 + 5)


def test_a_call_may_use_names_inside_comprehensions_and_lambdas() -> None:
    setup = "data = [1, 2]\ndef double(x): return 2 * x\nbase = 3"
    sampled(call("[double(x) + base for x in data]", setup=setup, expected=[5, 7]))
    sampled(call("(lambda y: double(y))(base)", setup=setup, expected=6))


def test_setup_and_pickled_names_meet() -> None:
    sampled(call(operator.add, 2, 3, setup="import decimal; f = None", expected=5))


def test_arrays_are_compared_by_element() -> None:
    numpy = pytest.importorskip("numpy", reason="compares arrays")
    array = numpy.arange(4)
    sampled(call(numpy.negative, array, expected=-array))
    with pytest.raises(WrongResult, match="instead of"):
        sampled(call(numpy.negative, array, expected=array))


def test_the_no_op_takes_the_arguments_and_not_the_function() -> None:
    described = {"f": len, "a0": zlib.crc32, "a1": 5}
    assert light._arguments(described, True) == {"a0": zlib.crc32, "a1": 5}
    assert light._arguments({"zlib": zlib, "crc32": zlib.crc32, "data": b"x"}, False) == {"data": b"x"}


LIMITS = "import resource\nlimits = [resource.getrlimit(r)[0] for r in (resource.RLIMIT_DATA, resource.RLIMIT_AS)]"


def test_the_memory_limit_holds_before_the_setup_runs() -> None:
    expected = [1 << 30, (1 << 30) + light.BESIDE_DATA_NBYTES]
    sampled(call("limits", setup=LIMITS, expected=expected), protocol=Protocol(rounds=3, memory_nbytes=1 << 30))


@pytest.mark.parametrize("asked_nbytes", [0, 8 << 30])
def test_a_limit_from_outside_is_kept(tmp_path: Path, asked_nbytes: int) -> None:
    limited = tmp_path / "python"
    limited.write_text(f'#!/bin/sh\nulimit -v 2000000 && exec "{sys.executable}" "$@"\n')
    limited.chmod(0o755)
    protocol = Protocol(rounds=3, memory_nbytes=asked_nbytes, interpreter=str(limited))
    sampled(call("limits[1]", setup=LIMITS, expected=2_000_000 * 1024), protocol=protocol)


@pytest.mark.parametrize("cpu", [pytest.param(-1, id="one CPU"), pytest.param(4096, id="no such CPU")])
def test_where_pinning_is_not_possible_the_sample_says_so(monkeypatch: pytest.MonkeyPatch, cpu: int) -> None:
    monkeypatch.setattr("ffi_spectrum.measure.sampling.pinned_cpu", lambda: cpu)
    sample = sampled(call("f()", setup="def f(): pass"))
    assert not sample.is_pinned
    assert len(sample.calls[0].rounds) >= BRIEF.rounds


def test_a_pinned_process_runs_on_that_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    cpu = min(os.sched_getaffinity(0))
    monkeypatch.setattr("ffi_spectrum.measure.sampling.pinned_cpu", lambda: cpu)
    assert sampled(call("cpus", setup="import os; cpus = os.sched_getaffinity(0)", expected={cpu})).is_pinned


def test_an_interpreter_that_is_not_there_is_named(tmp_path: Path) -> None:
    protocol = Protocol(interpreter=str(tmp_path / "python"))
    with pytest.raises(WorkerDied, match=r"python could not be started: .*No such file"):
        sampled(call("1"), protocol=protocol)


def test_the_path_is_the_callers_or_the_protocols(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "module_of_a_user.py").write_text("def answer(): return 42\n")
    snippet = call("answer()", setup="from module_of_a_user import answer", expected=42)
    sampled(snippet, protocol=Protocol(rounds=3, path=(*sys.path, str(tmp_path))))
    with pytest.raises(CallError, match="ModuleNotFoundError"):
        sampled(snippet)
    monkeypatch.syspath_prepend(tmp_path)
    sampled(snippet)


@pytest.mark.parametrize("options", [{"rounds": 0}, {"block_ns": 0}, {"deadline_s": 0}, {"memory_nbytes": -1}])
def test_a_protocol_that_measures_nothing_is_refused(options: dict[str, int]) -> None:
    with pytest.raises(UsageError, match="must be at least 1"):
        Protocol(**options)  # type: ignore[arg-type]


def test_processes_are_added_until_the_rule_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[int]] = []

    def is_enough(samples: list[Sample]) -> bool:
        asked.append([sample.seed for sample in samples])
        return len(samples) == 3

    monkeypatch.setattr("ffi_spectrum.measure.sampling.sample_once", lambda _, __, seed: Sample(seed, [], {}))
    samples = sample_until([call("1")], BRIEF, is_enough, seed=7)
    assert [len(seeds) for seeds in asked] == [1, 2, 3]
    assert len({sample.seed for sample in samples}) == 3
    again = sample_until([call("1")], BRIEF, lambda done: len(done) == 5, seed=7)
    assert [sample.seed for sample in again][:3] == asked[-1]
