"""Arguments of a fresh call: what is right becomes slots and views, and what is wrong is refused with its name."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from ffi_spectrum.errors import BadArgument
from ffi_spectrum.kernels.table import KERNELS
from ffi_spectrum.kernels.workload import make_workload
from ffi_spectrum.remote.encoder import PLANS_KEPT, Encoder
from ffi_spectrum.remote.layout import Layout

from .signatures import signatures


def encoder(name: str) -> Encoder[Layout]:
    return Encoder(signatures()[name], lambda layout: layout)


def right(**changes: Any) -> list[Any]:
    """saxpy's arguments, with some of them changed."""
    x, y, out = (np.arange(5, dtype=np.float32) for _ in range(3))
    return list(({"a": 0.5, "x": x, "y": y, "out": out, "size": 5} | changes).values())


@given(st.sampled_from(sorted(KERNELS)), st.integers(0, 300))
def test_as_the_prebound_form(name: str, size: int) -> None:
    workload = make_workload(KERNELS[name], size)
    known = {**workload.dims, **workload.values}
    arguments = [known[argument.name] for argument in signatures()[name].arguments]
    layout, slots, views = encoder(name).encode(arguments)
    assert dict(layout.dims) == dict(workload.dims)
    assert slots == layout.pack_slots(workload.values)
    assert [view.nbytes for view in views] == [block.nbytes for block in layout.blocks]
    for block, view in zip(layout.blocks, views, strict=True):
        value = known[block.argument.name]
        assert view.obj is value


def test_offsets_of_the_callers() -> None:
    _, slots, _ = encoder("saxpy").encode(right(), lambda value: 4096)
    assert slots[8:32] == (4096).to_bytes(8, "little") * 3


VIEW = np.arange(10, dtype=np.float32)
LOCKED = np.zeros(5, np.float32)
LOCKED.setflags(write=False)
ONE = {"size": 1, "x": VIEW[:1], "y": VIEW[:1], "out": VIEW[:1].copy()}
WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "short": ({"x": VIEW[:4]}, "'x'"),
    "long": ({"y": VIEW[:6]}, "'y'"),
    "strided": ({"x": VIEW[::2]}, "strided"),
    "float64": ({"x": np.zeros(5)}, "'x'"),
    "as many bytes of another type": ({"x": np.zeros(5, np.int32)}, "'x'"),
    "another byte order": ({"x": np.zeros(5, ">f4")}, "'x'"),
    "read-only output": ({"out": LOCKED}, "read-only"),
    "no buffer": ({"x": [1.0] * 5}, "saxpy"),
    "None": ({"y": None}, "saxpy"),
    "str": ({"out": "text"}, "saxpy"),
    "an object": ({"x": object()}, "saxpy"),
    "an object array": ({"x": np.array([None] * 5)}, "'x'"),
    "length, negative": ({"size": -1}, "'size'"),
    "length, float": ({"size": 5.0}, "'size'"),
    "length, bool": (ONE | {"size": True}, "'size'"),
    "length, too large": ({"size": 2**32}, "'size'"),
    "length, over the limit": ({"size": 2**31}, "limit"),
    "length, unhashable": ({"size": []}, "saxpy"),
    "number, str": ({"a": "1"}, "saxpy"),
    "number, too large": ({"a": 1e300}, "saxpy"),
}


@pytest.mark.parametrize("how", WRONG)
def test_wrong_argument(how: str) -> None:
    changes, text = WRONG[how]
    encode = encoder("saxpy").encode
    encode(right())  # plans that are kept must not make a wrong argument right: 1 equals True, and 5 equals 5.0
    encode(right(**ONE))
    with pytest.raises(BadArgument, match="saxpy") as caught:
        encode(right(**changes))
    assert text in str(caught.value)


def test_a_bool_is_no_length_though_it_equals_one() -> None:
    """Also where a plan for the equal lengths is kept."""
    row: list[Any] = [np.zeros((1, 1), np.float32), np.zeros(1, np.float32), np.zeros((1, 1), np.float32)]
    encode = encoder("bias_add").encode
    encode([*row, 1, 1])
    with pytest.raises(BadArgument, match="'m'"):
        encode([*row, True, 1])


@pytest.mark.parametrize("arguments", [right()[:-1], [*right(), 1], []])
def test_wrong_count(arguments: list[Any]) -> None:
    with pytest.raises(BadArgument, match="5 arguments"):
        encoder("saxpy").encode(arguments)


@pytest.mark.parametrize("value", [1.5, 2**63, -(2**63) - 1, "1", None])
def test_wrong_integer(value: Any) -> None:
    with pytest.raises(BadArgument, match="add"):
        encoder("add").encode([value, 1])


def test_plans_are_made_once_and_not_kept_without_end() -> None:
    made: list[int] = []

    def plan(layout: Layout) -> int:
        made.append(layout.dims["size"])
        return layout.dims["size"]

    encode = Encoder(signatures()["dot"], plan).encode
    x = np.zeros(2 * PLANS_KEPT)
    for _ in range(2):
        assert encode([x[:7], x[:7], 7])[0] == 7
    assert made == [7]
    for size in range(2 * PLANS_KEPT):
        encode([x[:size], x[:size], size])
    encode([x[:7], x[:7], 7])
    assert made.count(7) == 2
