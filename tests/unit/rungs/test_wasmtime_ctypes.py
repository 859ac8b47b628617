"""The entry through ctypes: the same errors, without a compiler."""

from __future__ import annotations

import gc
import struct
import weakref
from collections.abc import Callable
from typing import Any

import hypothesis.strategies as st
import pytest
import wasmtime
from hypothesis import given

from ffi_spectrum.errors import CallError, FarSideTrap
from ffi_spectrum.rungs.guest import Guest
from ffi_spectrum.rungs.unchecked import Signature, UncheckedStore
from ffi_spectrum.rungs.wasmtime_ctypes import bind, slots_format

from .wat import GUEST, module

IDENTITIES = {"i": "i32", "I": "i32", "q": "i64", "Q": "i64"}
RANGES = {"i": (-(2**31), 2**31 - 1), "I": (0, 2**32 - 1), "q": (-(2**63), 2**63 - 1), "Q": (0, 2**64 - 1)}


def bound(guest: Guest, symbol: str, kinds: str = "", result: str = "v") -> Callable[..., Any]:
    signature = Signature(kinds, tuple("x" * len(kinds)), result)
    return bind(UncheckedStore(guest.store), symbol, guest.function(symbol), signature)


@pytest.fixture
def guest() -> Guest:
    return Guest(module(GUEST))


@pytest.mark.parametrize("kind", RANGES)
def test_integers_come_back_or_are_refused(guest: Guest, kind: str) -> None:
    function = bound(guest, IDENTITIES[kind], kind, kind)
    low, high = RANGES[kind]

    @given(st.integers(low, high))
    def comes_back(value: int) -> None:
        assert function(value) == value

    comes_back()
    for value in (low - 1, high + 1):
        with pytest.raises(struct.error):
            function(value)


def test_floats_come_back(guest: Guest) -> None:
    assert bound(guest, "f32", "f", "f")(1.5) == 1.5
    assert bound(guest, "f64", "d", "d")(0.1) == 0.1
    assert bound(guest, "second", "Iqfd", "q")(1, -2, 3.0, 4.0) == -2


@pytest.mark.parametrize("arguments", [(), (1, 2), ("1",), (1.0,)])
def test_wrong_counts_and_types_are_refused(guest: Guest, arguments: tuple[object, ...]) -> None:
    with pytest.raises(struct.error):
        bound(guest, "i32", "i", "i")(*arguments)


def test_a_slot_has_16_bytes_and_no_old_ones() -> None:
    slots = bytearray(b"\xff" * 48)
    struct.Struct(slots_format("fIq")).pack_into(slots, 0, 1.0, 1, -1)
    assert slots == b"\0\0\x80\x3f" + bytes(12) + b"\1" + bytes(15) + b"\xff" * 8 + bytes(8)


def test_a_trap_is_raised_and_the_store_goes_on(guest: Guest) -> None:
    trap, function = bound(guest, "unreachable", "", "q"), bound(guest, "i64", "q", "q")
    for _ in range(3):
        with pytest.raises(FarSideTrap, match="unreachable") as caught:
            trap()
        assert isinstance(caught.value.__cause__, wasmtime.Trap)
        assert function(4) == 4


def test_a_function_of_another_store_is_not_bound(guest: Guest) -> None:
    with pytest.raises(CallError, match="another store"):
        bind(
            UncheckedStore(guest.store),
            "nothing",
            Guest(module(GUEST)).function("nothing"),
            Signature("", ()),
        )


def test_a_bound_call_keeps_its_store_alive() -> None:
    guest = Guest(module(GUEST))
    store, function = weakref.ref(guest.store), bound(guest, "i64", "q", "q")
    nothing = bound(guest, "nothing")
    del guest
    gc.collect()
    assert (function(6), nothing()) == (6, None)
    del function
    gc.collect()
    assert store() is not None
    assert nothing() is None
    del nothing
    gc.collect()
    assert store() is None
