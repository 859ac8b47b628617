"""A library of small functions for the tests of the extension generator: every type, and no kernel."""

from __future__ import annotations

import re
from types import ModuleType

import numpy as np
import pytest

from ffi_spectrum.errors import Unavailable
from ffi_spectrum.toolchain.build import Toolchain
from ffi_spectrum.toolchain.cext_source import extension_source
from ffi_spectrum.toolchain.extension import load_extension
from ffi_spectrum.toolchain.header import Parameter, Prototype, parse_type

INTEGERS = ("int8_t", "uint8_t", "int16_t", "uint16_t", "int32_t", "uint32_t", "int64_t", "uint64_t")
ELEMENTS = (*INTEGERS, "float", "double")
DTYPES = {t: np.dtype({"float": "f4", "double": "f8"}.get(t, t.removesuffix("_t"))) for t in ELEMENTS}

BODIES = {
    "void ffis_nothing(void)": "",
    "int32_t ffis_holds_gil(void)": "return PyGILState_Check();",
    "uint32_t ffis_copy(const uint8_t * x, uint8_t * out, uint32_t size)":
        "for (uint32_t i = 0; i < size; i++) { out[i] = x[i]; } return size;",
    "void ffis_fill(double * out, double a, uint32_t m, int32_t n)":
        "for (int64_t i = 0; i < (int64_t)m * n; i++) { out[i] = a; }",
    "int32_t ffis_length_unknown(const float * x, uint32_t size)": "return x != 0 && size > 0;",
} | {
    f"{t} ffis_echo_{t}({t} a)": "return a;" for t in ELEMENTS
} | {
    f"{t} ffis_first_{t}(const {t} * x, uint32_t size)": "return size > 0 ? x[0] : 0;" for t in ELEMENTS
}  # fmt: skip

SHAPES: dict[str, dict[str, tuple[str, ...]]] = {
    "ffis_copy": {"x": ("size",), "out": ("size",)},
    "ffis_fill": {"out": ("m", "n")},
    "ffis_length_unknown": {"x": ("derived",)},
    **{f"ffis_first_{t}": {"x": ("size",)} for t in ELEMENTS},
}


def parse(declaration: str) -> Prototype:
    """A prototype from its C text."""
    found = re.fullmatch(r"(\w+) (\w+)\((.*)\)", declaration)
    assert found, declaration
    returns, symbol, inside = found.groups()
    pairs = [p.rsplit(" ", 1) for p in inside.split(", ")] if inside != "void" else []
    parameters = tuple(Parameter(name, parse_type(spelling, 8)) for spelling, name in pairs)
    return Prototype(symbol, parse_type(returns, 8), parameters)


def toy_source(module: str, release_gil: bool) -> str:
    """The extension with the functions themselves at its end."""
    prototypes = [parse(declaration) for declaration in BODIES]
    source = extension_source(module, prototypes, prototypes, SHAPES, release_gil=release_gil)
    return source + "".join(f"\n{declaration} {{ {body} }}" for declaration, body in BODIES.items())


def load_toy(module: str, release_gil: bool) -> ModuleType:
    """The extension, compiled and imported; skips with the reason where it cannot be compiled here."""
    try:
        return load_extension(module, Toolchain().extension(module, toy_source(module, release_gil)))
    except Unavailable as absent:
        pytest.skip(absent.reason)


class Index:
    """An object with __index__, which runs code of its own."""

    def __init__(self, value: int | Exception) -> None:
        self.value = value

    def __index__(self) -> int:
        if isinstance(self.value, Exception):
            raise self.value
        return self.value
