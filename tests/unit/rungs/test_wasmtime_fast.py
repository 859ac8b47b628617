"""The unchecked entry: arguments, types and stores; the rest is in test_wasmtime_fast_safety.py."""

from __future__ import annotations

import ctypes
import math
import struct
from collections.abc import Callable
from typing import Any, Literal

import hypothesis.strategies as st
import pytest
from hypothesis import given

from ffi_spectrum.errors import CallError, Unavailable
from ffi_spectrum.rungs.unchecked import Signature

from .wat import STORE_ID, Fast, func_of, store_with_entry

IDENTITIES = {"i": "i32", "I": "i32", "q": "i64", "Q": "i64", "f": "f32", "d": "f64"}
RANGES = {"i": (-(2**31), 2**31 - 1), "I": (0, 2**32 - 1), "q": (-(2**63), 2**63 - 1), "Q": (0, 2**64 - 1)}


@pytest.fixture(scope="module")
def guest() -> Fast:
    return Fast()


def identity(guest: Fast, kind: str) -> Callable[..., Any]:
    return guest.bind(IDENTITIES[kind], kind, kind)


# 1. kinds and ranges


@pytest.mark.parametrize("kind", RANGES)
def test_integers_in_range_come_back(guest: Fast, kind: str) -> None:
    function = identity(guest, kind)

    @given(st.integers(*RANGES[kind]))
    def comes_back(value: int) -> None:
        assert function(value) == value

    comes_back()
    for value in RANGES[kind]:
        assert function(value) == value


@pytest.mark.parametrize("kind", RANGES)
def test_integers_out_of_range_are_refused(guest: Fast, kind: str) -> None:
    low, high = RANGES[kind]
    for value in (low - 1, high + 1, -(2**200), 2**200):
        with pytest.raises(OverflowError, match="p0"):
            identity(guest, kind)(value)


@pytest.mark.parametrize(("kind", "width"), [("f", 32), ("d", 64)])
def test_floats_come_back(guest: Fast, kind: str, width: Literal[32, 64]) -> None:
    function = identity(guest, kind)

    @given(st.floats(width=width))
    def comes_back(value: float) -> None:
        result = function(value)
        assert math.isnan(result) if math.isnan(value) else struct.pack("d", result) == struct.pack("d", value)

    comes_back()


def test_a_number_beyond_float32_is_refused(guest: Fast) -> None:
    with pytest.raises(OverflowError, match="float32"):
        identity(guest, "f")(1e39)


@pytest.mark.parametrize(("kind", "value"), [("i", 1.0), ("Q", "1"), ("q", None), ("f", "1"), ("d", b"1")])
def test_wrong_types_are_refused(guest: Fast, kind: str, value: object) -> None:
    with pytest.raises(TypeError, match="p0"):
        identity(guest, kind)(value)


@pytest.mark.parametrize("arguments", [(), (1, 2)])
def test_wrong_counts_are_refused(guest: Fast, arguments: tuple[int, ...]) -> None:
    with pytest.raises(TypeError, match="takes 1 arguments"):
        identity(guest, "i")(*arguments)


def test_keywords_are_refused(guest: Fast) -> None:
    with pytest.raises(TypeError, match="keyword"):
        identity(guest, "i")(p0=1)


def test_a_function_without_arguments_takes_none(guest: Fast) -> None:
    function = guest.bind("nothing")
    assert function() is None
    with pytest.raises(TypeError, match="takes 0 arguments"):
        function(1)


def test_arguments_keep_their_order(guest: Fast) -> None:
    assert guest.bind("second", "Iqfd", "q")(1, -2, 3.0, 4.0) == -2


@pytest.mark.parametrize(("symbol", "signature"), [
    ("externref", Signature("q", ("x",))),
    ("v128", Signature("q", ("x",))),
    ("two", Signature("", (), "i")),
    ("i32", Signature("q", ("x",), "q")),
    ("i32", Signature("ii", ("x", "y"), "i")),
    ("i32", Signature("i", ("x",))),
])  # fmt: skip
def test_other_types_are_not_bound(guest: Fast, symbol: str, signature: Signature) -> None:
    with pytest.raises(Unavailable, match=symbol):
        guest.fast.bind(symbol, guest.function(symbol), signature)


def test_a_narrow_value_leaves_no_old_bytes_in_its_slot() -> None:
    seen = []

    def entry(context: int, func: int, slots: int, count: int, trap: int) -> None:
        seen.append((ctypes.string_at(slots, 8), count))

    store, func = store_with_entry(entry), func_of(STORE_ID)
    wide, *narrow = [store.bind(kind, func, kind, ("x",), "v") for kind in "qiIf"]
    values, slots = (-1, 1, 1.0), (b"\xff" * 4, b"\1\0\0\0", b"\0\0\x80\x3f")
    for function, value, slot in zip(narrow, values, slots, strict=True):
        wide(-1)
        function(value)
        assert seen[-2:] == [(b"\xff" * 8, 1), (slot + b"\0" * 4, 1)]


# 2. stores


def test_a_function_of_another_store_is_not_bound(guest: Fast) -> None:
    other = Fast()
    with pytest.raises(CallError, match="another store"):
        guest.fast.bind("i32", other.function("i32"), Signature("i", ("x",), "i"))
    store = store_with_entry(lambda *arguments: None)
    with pytest.raises(ValueError, match="another store"):
        store.bind("f", func_of(STORE_ID + 1), "", (), "v")


@pytest.mark.parametrize(("func", "kinds", "names", "result"), [
    (b"\7" + b"\0" * 14, "", (), "v"),
    (func_of(STORE_ID), "x", ("x",), "v"),
    (func_of(STORE_ID), "i", (), "v"),
    (func_of(STORE_ID), "", (), ""),
    (func_of(STORE_ID), "i" * 17, tuple("x" * 17), "v"),
])  # fmt: skip
def test_the_extension_refuses_what_is_no_function(
    func: bytes, kinds: str, names: tuple[str, ...], result: str
) -> None:
    store = store_with_entry(lambda *arguments: None)
    with pytest.raises(ValueError, match="f:"):
        store.bind("f", func, kinds, names, result)
