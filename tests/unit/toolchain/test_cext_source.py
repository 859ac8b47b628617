"""The generated extension, with functions of its own, called with everything that it must refuse."""

from __future__ import annotations

import struct
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ffi_spectrum.errors import BuildError
from ffi_spectrum.toolchain.cext_source import extension_source

from .toy_extension import DTYPES, INTEGERS, Index, load_toy, parse, toy_source


@pytest.fixture(scope="module")
def toy() -> ModuleType:
    return load_toy("_toy", release_gil=False)


@pytest.fixture(scope="module")
def toy_nogil() -> ModuleType:
    return load_toy("_toy_nogil", release_gil=True)


@pytest.mark.parametrize("name", INTEGERS)
def test_integers_are_exact_or_refused(toy: ModuleType, name: str) -> None:
    echo, limits = getattr(toy, f"echo_{name}"), np.iinfo(DTYPES[name])
    low, high = int(limits.min), int(limits.max)
    for value in (low, low + 1, 0, 1, high - 1, high):
        assert echo(value) == value
        assert echo(Index(value)) == value
    for value in (low - 1, high + 1, 2**64, -(2**63) - 1):
        for argument in (value, Index(value)):
            with pytest.raises(OverflowError, match="argument 'a': .* does not fit in " + name):
                echo(argument)


@pytest.mark.parametrize("name", INTEGERS)
@pytest.mark.parametrize("value", [1.0, "1", None, b"1"])
def test_no_integer_is_made_of_another_type(toy: ModuleType, name: str, value: object) -> None:
    with pytest.raises(TypeError, match=f"argument 'a': expected {name}, got {type(value).__name__}"):
        getattr(toy, f"echo_{name}")(value)


@pytest.mark.parametrize("name", INTEGERS)
def test_an_error_of_the_argument_itself_passes_through(toy: ModuleType, name: str) -> None:
    with pytest.raises(ZeroDivisionError, match="mine"):
        getattr(toy, f"echo_{name}")(Index(ZeroDivisionError("mine")))


@given(value=st.floats())
def test_doubles_pass_unchanged(toy: ModuleType, value: float) -> None:
    assert struct.pack("d", toy.echo_double(value)) == struct.pack("d", value)


@given(value=st.floats(allow_nan=False))
def test_floats_are_rounded_as_struct_does(toy: ModuleType, value: float) -> None:
    try:
        (rounded,) = struct.unpack("<f", struct.pack("<f", value))
    except OverflowError:
        with pytest.raises(OverflowError, match=r"argument 'a': .* does not fit in float"):
            toy.echo_float(value)
    else:
        assert toy.echo_float(value) == rounded


@pytest.mark.parametrize("name", ["float", "double"])
def test_what_counts_as_a_float(toy: ModuleType, name: str) -> None:
    echo = getattr(toy, f"echo_{name}")
    assert np.isnan(echo(float("nan")))
    assert [echo(value) for value in (3, -1, np.float64(0.5), np.float32(0.5))] == [3.0, -1.0, 0.5, 0.5]
    for value in ("1", None, b"1", 1j):
        with pytest.raises(TypeError, match=f"argument 'a': expected {name}"):
            echo(value)
    with pytest.raises(OverflowError):
        echo(10**400)


@pytest.mark.parametrize("function", ["nothing", "echo_int64_t", "copy", "copy_at", "fill"])
def test_the_number_of_arguments_is_checked(toy: ModuleType, function: str) -> None:
    expected = {"nothing": 0, "echo_int64_t": 1, "copy": 3, "copy_at": 3, "fill": 4}[function]
    for count in {0, expected - 1, expected + 1, 20} - {expected, -1}:
        with pytest.raises(TypeError, match=rf"{function}\(\) takes {expected} arguments \({count} given\)"):
            getattr(toy, function)(*range(count))


def test_keywords_are_refused(toy: ModuleType) -> None:
    with pytest.raises(TypeError, match="keyword"):
        toy.echo_int64_t(a=1)


def test_void_is_none(toy: ModuleType) -> None:
    assert toy.nothing() is None
    assert toy.nothing_at() is None


def test_addresses(toy: ModuleType) -> None:
    x, out = np.arange(4, dtype=np.uint8), np.zeros(4, np.uint8)
    assert toy.copy_at(x.ctypes.data, out.ctypes.data, 4) == 4
    assert out.tolist() == [0, 1, 2, 3]
    assert toy.copy_at(0, 0, 0) == 0
    for address in (x, b"abcd", 1.0, None):
        with pytest.raises(TypeError, match="argument 'x': expected uintptr_t"):
            toy.copy_at(address, out.ctypes.data, 0)
    for address in (-1, 2**64):
        with pytest.raises(OverflowError, match="argument 'x'"):
            toy.copy_at(address, out.ctypes.data, 0)


def test_the_gil_is_held_or_released(toy: ModuleType, toy_nogil: ModuleType) -> None:
    assert toy.holds_gil() == toy.holds_gil_at() == 1
    assert toy_nogil.holds_gil() == toy_nogil.holds_gil_at() == 0
    assert toy_nogil.copy(b"ab", bytearray(2), 2) == 2


def test_one_macro_is_all_that_tells_the_two_apart() -> None:
    held, released = (toy_source("_toy", release_gil).splitlines() for release_gil in (False, True))
    differing = [pair for pair in zip(held, released, strict=True) if pair[0] != pair[1]]
    assert differing == [("#define FFIS_RELEASE_GIL 0", "#define FFIS_RELEASE_GIL 1")]


def test_the_prototype_is_the_docstring(toy: ModuleType) -> None:
    assert toy.copy.__doc__ == "uint32_t ffis_copy(const uint8_t * x, uint8_t * out, uint32_t size)"


def test_a_buffer_of_void_has_no_items() -> None:
    prototype = parse("void ffis_anything(const void * x)")
    with pytest.raises(BuildError, match="void pointer"):
        extension_source("_toy", [prototype], [], {}, release_gil=False)
    assert "anything_at" in extension_source("_toy", [], [prototype], {}, release_gil=False)
