"""Copies that did not happen are noticed, and each is waited for where it runs."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any, cast

import pytest

from ffi_spectrum.device.session import Session
from ffi_spectrum.errors import WrongResult
from ffi_spectrum.measure.device import copies
from ffi_spectrum.measure.device.copies import sample_copies, sample_overlap

from ..fake_device import TO_DEVICE, TO_HOST, FakeSession


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few bytes, and no CuPy whose errors could be translated."""
    monkeypatch.setattr(copies, "SIZES", (8, 5000))
    monkeypatch.setattr(copies, "OVERLAP_NBYTES", 5000)
    monkeypatch.setattr(copies, "translated", nullcontext)


def session(**given: Any) -> Session:
    return cast("Session", FakeSession(**given))


def test_every_way_is_sampled_at_every_size() -> None:
    found = sample_copies(session())
    assert len(found) == 8
    for way, rows in found.items():
        assert [row.nbytes for row in rows] == [8, 5000], way
        for row in rows:
            assert len(row.returned_ns) == len(row.done_ns) == copies.TRIALS
            assert all(done >= returned for returned, done in zip(row.returned_ns, row.done_ns, strict=True))


@pytest.mark.parametrize(("lost", "way"), [(TO_DEVICE, "to device"), (TO_HOST, "to host")])
def test_bytes_that_did_not_arrive_are_noticed(lost: int, way: str) -> None:
    with pytest.raises(WrongResult, match=f"pageable sync {way}: of 8 bytes"):
        sample_copies(session(lost=(lost,)))


def test_a_copy_is_waited_for_on_the_stream_that_it_runs_on() -> None:
    fake = FakeSession()
    sample_copies(cast("Session", fake))
    pairs = set(zip(fake.log[::2], fake.log[1::2], strict=True))
    assert pairs == {("copy on 0", "wait for null"), ("copy on 1", "wait for stream")}


def test_a_copy_beside_a_kernel_is_on_another_stream() -> None:
    fake = FakeSession()
    found = sample_overlap(cast("Session", fake))
    assert {what: len(spent) for what, spent in found.items()} == {"copy": 4, "kernel": 4, "both": 4}
    assert fake.log[-4:] == ["launch", "copy on 2", "wait for other", "wait for stream"]


def test_a_copy_beside_a_kernel_that_did_not_happen_is_noticed() -> None:
    with pytest.raises(WrongResult, match="beside a kernel"):
        sample_overlap(session(lost=(TO_DEVICE,)))
