"""Ways of calling a rung for long, their sizes, and the loops that make the calls."""

from __future__ import annotations

from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ffi_spectrum.errors import Unavailable, WrongResult
from ffi_spectrum.kernels.table import KERNELS
from ffi_spectrum.measure import instance
from ffi_spectrum.measure.instance import (
    MAX_SIZE,
    Instance,
    Way,
    compile_once,
    compile_until,
    first_way,
    reason_of,
    scaled,
    ways_of,
)
from ffi_spectrum.rungs.base import BoundCall
from ffi_spectrum.rungs.table import RUNGS

from .thread_log_rung import ThreadLogRung, fresh_class

SPIN = Way("python", "", "spin", "prebound", "none")


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> type[ThreadLogRung]:
    found = fresh_class()
    monkeypatch.setattr(instance, "rung_class", lambda name: found)
    return found


def test_every_rung_has_its_variants_on_the_first_long_kernel_that_it_has() -> None:
    assert [(way.name, way.kernel) for way in ways_of("ctypes")] == [("ctypes", "spin")]
    assert [(way.name, way.kernel) for way in ways_of("stdlib")] == [("stdlib", "crc32")]
    assert [(way.name, way.placement) for way in ways_of("numpy")] == [("numpy", "host")]
    assert [way.name for way in ways_of("floor")] == ["floor.dlsym", "floor.direct"]
    for rung in RUNGS:
        names = [way.name for way in ways_of(rung)]
        assert names or reason_of(rung)
        assert len(set(names)) == len(names)


def test_a_rung_without_any_long_kernel_has_no_way(logged: type[ThreadLogRung]) -> None:
    logged.limit = 0
    assert (ways_of("python"), reason_of("python")) == ([], "too large")
    with pytest.raises(Unavailable, match="too large"):
        first_way("python")


@given(st.sampled_from(["spin", "crc32", "matmul"]), st.integers(1, 10_000), st.floats(0.001, 64))
def test_a_scaled_size_is_the_largest_within_the_factor(kernel: str, size: int, factor: float) -> None:
    spec = KERNELS[kernel]

    def operations(size: int) -> int:
        return spec.operations(spec.dims(size))

    found = scaled(spec, size, factor)
    assert 1 <= found <= MAX_SIZE
    assert found == 1 or operations(found) <= operations(size) * factor
    assert operations(found + 1) > operations(size) * factor


def test_the_size_is_found_by_timing_and_kept(logged: type[ThreadLogRung], monkeypatch: pytest.MonkeyPatch) -> None:
    made = Instance(SPIN, {})
    monkeypatch.setattr(Instance, "time_once", lambda self: 3 * logged.sizes[-1])  # 3 ns a step
    assert made.calibrate(30_000) == logged.sizes[-1] == 10_000
    assert logged.sizes == sorted(logged.sizes)


def test_a_size_that_was_too_large_is_made_smaller(
    logged: type[ThreadLogRung], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Out of the cache everything takes twice as long."""
    monkeypatch.setattr(Instance, "time_once", lambda self: (1 if logged.sizes[-1] < 5_000 else 2) * logged.sizes[-1])
    assert Instance(SPIN, {}).calibrate(16_000) == 8_000
    assert max(logged.sizes) > 8_000


def test_calls_that_are_slow_at_first_are_tried_more_often(
    logged: type[ThreadLogRung], monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = iter([50_000] * 8)
    monkeypatch.setattr(Instance, "time_once", lambda self: next(slow, 3 * logged.sizes[-1]))
    assert Instance(SPIN, {}).calibrate(30_000) == 10_000


def test_a_rung_with_a_limit_gets_the_largest_size_before_it(
    logged: type[ThreadLogRung], monkeypatch: pytest.MonkeyPatch
) -> None:
    logged.limit = 500
    monkeypatch.setattr(Instance, "time_once", lambda self: 1)
    size = Instance(SPIN, {}).calibrate(30_000)
    assert size == logged.sizes[-1]
    assert not logged.missing(KERNELS["spin"], size)
    assert logged.missing(KERNELS["spin"], size + 1)


def test_the_size_that_is_returned_is_bound_also_where_the_search_is_cut_short(
    logged: type[ThreadLogRung], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A step takes 1 ns below 5,000 of them and 4 ns above: no size comes close to 10 us."""
    monkeypatch.setattr(Instance, "time_once", lambda self: logged.sizes[-1] * (4 if logged.sizes[-1] > 5_000 else 1))
    assert Instance(SPIN, {}).calibrate(10_000) == logged.sizes[-1]


def test_a_wrong_result_is_refused(logged: type[ThreadLogRung]) -> None:
    Instance(SPIN, {}).check()
    logged.wrong = 1
    with pytest.raises(WrongResult, match=r"python: spin.return: .* it is not measured"):
        Instance(SPIN, {}).check()


def test_calls_are_made_until_the_end_with_setup_and_teardown_outside() -> None:
    log: list[str] = []
    bound = BoundCall(
        "log.append('call')", {"log": log}, ("log.append('in')",), ("log.append('out')",),
        setup=("log.append('setup')",), teardown=("log.append('teardown')",),
    )  # fmt: skip
    ticks = count(0, 10)
    assert compile_until(bound, lambda: next(ticks))(20) == (2, 20)
    assert log == ["setup", *["in", "call", "out"] * 2, "teardown"]
    log.clear()
    compile_once(bound)()
    assert log == ["setup", "in", "call", "out", "teardown"]
