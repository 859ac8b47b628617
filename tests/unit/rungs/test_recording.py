"""A recorded list is replayed with new data and new scalars, in an order that its buffers allow, and never dangles."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ffi_spectrum.case import Case
from ffi_spectrum.errors import BadArgument, RungClosed, Unavailable
from ffi_spectrum.kernels.table import KERNELS
from ffi_spectrum.kernels.workload import Workload, check_outputs, make_workload
from ffi_spectrum.measure.loop import call_once
from ffi_spectrum.measure.wide import prepare_wide
from ffi_spectrum.rungs.base import Rung
from ffi_spectrum.rungs.python import Python
from ffi_spectrum.rungs.recording import Recorded, Recording, _schedule

from .opened import open_rung


@pytest.fixture(params=["ctypes", "wasmtime_fast", "shm_ring", "shm_ring_py", "uds"])
def rung(request: pytest.FixtureRequest) -> Iterator[Rung]:
    found = open_rung(request.param)
    yield found
    found.close()


def place(rung: Rung, workload: Workload) -> Any:
    return rung.place(workload, "none" if workload.kernel.is_scalar else rung.wide_placement)


def relu(x: Any, out: Any) -> Workload:
    return Workload(KERNELS["relu"], len(x), {"size": len(x)}, {"x": x, "out": out})


def test_a_list_is_replayed_with_new_data_in_the_same_buffers(rung: Rung) -> None:
    buffers = place(rung, make_workload(KERNELS["saxpy"], 9, 1))
    recording = Recording(rung)
    number = recording.add(buffers)
    recorded = recording.finish()
    for seed in (1, 2, 3):
        fresh = make_workload(KERNELS["saxpy"], 9, seed)
        buffers.placed["x"][...], buffers.placed["y"][...] = fresh.values["x"], fresh.values["y"]
        call_once(recorded.bound)
        assert check_outputs(fresh, recorded.outputs(number)) == ""


def test_a_call_is_recorded_many_times_at_once(rung: Rung) -> None:
    recording = Recording(rung)
    first = recording.add(place(rung, make_workload(KERNELS["add"], 0, 1)))
    many = recording.add(place(rung, make_workload(KERNELS["add"], 0, 2)), 50)
    last = recording.add(place(rung, make_workload(KERNELS["add"], 0, 3)))
    recorded = recording.finish()
    assert (first, many, last, len(recorded)) == (0, 1, 51, 52)
    recorded.set(many + 7, "a", 0)
    call_once(recorded.bound)
    a, b = (make_workload(KERNELS["add"], 0, 2).values[name] for name in "ab")
    wanted = [a + b] * 50
    wanted[7] = b
    assert recorded.values(many, 50).tolist() == wanted == [recorded.value(many + i) for i in range(50)]


def test_one_wrong_result_of_many_is_noticed(rung: Rung, monkeypatch: pytest.MonkeyPatch) -> None:
    case = Case("add", 0, rung.info.name, "prebound", rung.wide_placement, "", "replayed", (("calls", 300),))
    wide = prepare_wide(rung, KERNELS["add"], case)
    assert wide.check() == ""
    found = Recorded.values

    def one_wrong(self: Recorded, number: int, times: int) -> Any:
        values = found(self, number, times).copy()
        values[200] += 1
        return values

    monkeypatch.setattr(Recorded, "values", one_wrong)
    assert "2 different results" in wide.check()


def test_what_is_no_run_of_calls_has_no_values(rung: Rung) -> None:
    recording = Recording(rung)
    recording.add(place(rung, make_workload(KERNELS["noop"], 0)), 3)
    first = recording.add(place(rung, make_workload(KERNELS["add"], 0)), 2)
    with pytest.raises(BadArgument, match="give one or more"):
        recording.add(place(rung, make_workload(KERNELS["add"], 0)), 0)
    recorded = recording.finish()
    for number, times in ((first, 3), (first, 0), (-1, 1), (2, 2), (0, 3)):
        with pytest.raises(BadArgument):
            recorded.values(number, times)


def test_arrays_over_one_buffer_keep_their_order() -> None:
    rung = open_rung("ctypes")
    store = bytearray(96)
    first, second, third = (np.frombuffer(store, np.float32, 8, 32 * i) for i in range(3))
    first[:], third[:] = 3, 0
    recording = Recording(rung)
    recording.add(place(rung, relu(first, second)))
    values = {"a": 2.0, "x": second, "y": second, "out": third}
    recording.add(place(rung, Workload(KERNELS["saxpy"], 8, {"size": 8}, values)))
    recorded = recording.finish()
    call_once(recorded.bound)
    assert third.tolist() == [9.0] * 8
    rung.close()


def test_scalars_change_between_replays(rung: Rung) -> None:
    recording = Recording(rung)
    numbers = [recording.add(place(rung, make_workload(KERNELS["add"], 0))) for _ in range(3)]
    recorded = recording.finish()
    recorded.set(numbers[1], "a", -5)
    recorded.set(numbers[1], "b", 2**63 - 1)
    call_once(recorded.bound)
    one = make_workload(KERNELS["add"], 0).values
    assert [recorded.value(n) for n in numbers] == [one["a"] + one["b"], 2**63 - 6, one["a"] + one["b"]]


@pytest.mark.parametrize(("name", "value"), [("a", 2**63), ("a", 1.5), ("x", 1.0), ("size", 4)])
def test_what_is_no_scalar_or_does_not_fit_is_refused(rung: Rung, name: str, value: float) -> None:
    kernel = KERNELS["add"] if name == "a" else KERNELS["saxpy"]
    recording = Recording(rung)
    recording.add(place(rung, make_workload(kernel, 4)))
    with pytest.raises(BadArgument, match=name):
        recording.finish().set(0, name, value)


def test_calls_that_share_a_written_buffer_keep_their_order(rung: Rung) -> None:
    """relu, then saxpy on its output, again and again: each step needs the one before."""
    first = place(rung, relu(np.linspace(-4, 4, 9, dtype=np.float32), np.zeros(9, np.float32)))
    twice = place(rung, make_workload(KERNELS["saxpy"], 9))
    x, y = first.placed["x"], first.placed["out"]
    twice.workload.values["a"] = 2.0
    twice.placed |= {"x": y}
    twice.placed["y"][...] = 0
    back = place(rung, relu(np.zeros(9, np.float32), np.zeros(9, np.float32)))
    back.placed |= {"x": twice.placed["out"], "out": x}
    recording = Recording(rung)
    for _ in range(3):
        for step in (first, twice, back):
            recording.add(step)
    call_once(recording.finish().bound)
    np.testing.assert_allclose(x, np.maximum(np.linspace(-4, 4, 9), 0) * 8, rtol=1e-6)


def test_recorded_arrays_cannot_move(rung: Rung) -> None:
    x = np.zeros(4, np.float32)
    recording = Recording(rung)
    buffers = place(rung, relu(x, np.zeros(4, np.float32)))
    recording.add(buffers)
    recorded = recording.finish()
    with pytest.raises(ValueError, match="resize"):
        buffers.placed["x"].resize(1000)
    call_once(recorded.bound)


def test_what_cannot_be_replayed_is_refused(rung: Rung) -> None:
    buffers = place(rung, make_workload(KERNELS["add"], 0))
    recording = Recording(rung)
    with pytest.raises(BadArgument, match="empty"):
        recording.finish()
    rung.close()
    with pytest.raises(RungClosed):
        recording.add(buffers)
    with pytest.raises(RungClosed):
        Recording(rung)
    python = Python({})
    python.open()
    with pytest.raises(Unavailable, match="no far side"):
        Recording(python)


def test_a_list_outlives_its_rung(rung: Rung) -> None:
    recording = Recording(rung)
    number = recording.add(place(rung, make_workload(KERNELS["add"], 0)))
    recorded = recording.finish()
    rung.close()
    call_once(recorded.bound)
    assert recorded.value(number) is not None


def test_a_shuffled_list_gives_each_call_its_own_result(rung: Rung) -> None:
    rng = random.Random(1)
    recording = Recording(rung)
    wanted: dict[int, Any] = {}
    for i in range(500):
        if rng.random() < 0.5:
            wanted[recording.add(place(rung, make_workload(KERNELS["noop"], 0)))] = None
        else:
            values = {"a": i, "b": rng.randrange(-(2**40), 2**40)}
            wanted[recording.add(place(rung, Workload(KERNELS["add"], 0, {}, values)))] = values["a"] + values["b"]
    for keep_order in (False, True):
        recorded = recording.finish(keep_order)
        call_once(recorded.bound)
        assert {number: recorded.value(number) for number in wanted} == wanted


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)).filter(lambda p: p[0] != p[1]), min_size=1, max_size=12)
)
def test_any_order_that_is_chosen_gives_what_the_recorded_one_gives(pairs: list[tuple[int, int]]) -> None:
    """Random chains of element-wise calls between four arrays, each read and written by many."""
    rung = open_rung("ctypes")
    results = []
    for keep_order in (True, False):
        arrays = [np.linspace(-2, 2, 5, dtype=np.float32) + i for i in range(4)]
        recording = Recording(rung)
        for i, (source, target) in enumerate(pairs):
            if i % 2:
                recording.add(place(rung, relu(arrays[source], arrays[target])))
            else:
                values = {"a": 1.25, "x": arrays[source], "y": np.ones(5, np.float32), "out": arrays[target]}
                recording.add(place(rung, Workload(KERNELS["saxpy"], 5, {"size": 5}, values)))
        call_once(recording.finish(keep_order).bound)
        results.append(np.stack(arrays))
    np.testing.assert_array_equal(results[0], results[1])


def test_independent_calls_are_grouped_by_kernel(rung: Rung) -> None:
    recording = Recording(rung)
    for i in range(6):
        recording.add(place(rung, make_workload(KERNELS["noop" if i % 2 else "add"], 0)))
    order = _schedule(recording._commands)
    assert sorted(order) == list(range(6))
    kernels = [recording._commands[number].words[0] for number in order]
    assert kernels == sorted(kernels)
