"""Thunks of functions that are no kernels: every type, and orders of arguments that no kernel has yet."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ffi_spectrum.remote.frame import OK, OUT_OF_BOUNDS
from ffi_spectrum.toolchain import sources
from ffi_spectrum.toolchain.build import Toolchain
from ffi_spectrum.toolchain.generated import loops_source
from ffi_spectrum.toolchain.thunks import thunks_source

from .thunk_region import UNTOUCHED, ThunkLibrary
from .toy_extension import DTYPES, ELEMENTS, parse

BODIES = {
    "void ffis_spread(uint8_t * out, const uint8_t * x, int64_t rows, uint16_t columns)":
        "for (int64_t i = 0; i < rows; i++) { for (uint16_t j = 0; j < columns; j++) { *out++ = x[i]; } }",
    "uint8_t ffis_swap(double * x, double * y, uint32_t x_size, uint32_t y_size)":
        "if (x_size && y_size) { double t = *x; *x = *y; *y = t; } return 255;",
} | {
    f"{t} ffis_echo_{t}({t} a)": "return a;" for t in ELEMENTS
} | {
    f"{t} ffis_last_{t}(const {t} * x, uint8_t size)": "return size ? x[size - 1] : 0;" for t in ELEMENTS
}  # fmt: skip
SHAPES: dict[str, dict[str, tuple[str, ...]]] = {
    "ffis_spread": {"out": ("rows", "columns"), "x": ("rows",)},
    "ffis_swap": {"x": ("x_size",), "y": ("y_size",)},
    **{f"ffis_last_{t}": {"x": ("size",)} for t in ELEMENTS},
}
PROTOTYPES = [parse(declaration) for declaration in BODIES]
NUMBERS = {prototype.symbol.removeprefix("ffis_"): i for i, prototype in enumerate(PROTOTYPES)}
# struct's letters of the widths in ELEMENTS
LETTERS = dict(zip(ELEMENTS, "bBhHiIqQfd", strict=True))
REGION_NBYTES = 512


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> ThunkLibrary:
    folder: Path = tmp_path_factory.mktemp("toy")
    toolchain = Toolchain(build="ubsan")
    declarations = "".join(f"{declaration};\n" for declaration in BODIES)
    bodies = "".join(f"{declaration} {{ {body} }}\n" for declaration, body in BODIES.items())
    export = '#define FFIS_API __attribute__((visibility("default")))\n'
    (folder / "ffis.h").write_text(f"#include <stdint.h>\n{export}{declarations}")
    (folder / "thunks.c").write_text(thunks_source(PROTOTYPES, SHAPES, "0" * 64, counting=False))
    (folder / "loops.c").write_text(loops_source(tuple(PROTOTYPES), 8))
    (folder / "bodies.c").write_text(f'#include "ffis.h"\n{bodies}')
    flags = toolchain.compiler.flags(toolchain.target, toolchain.build)
    include = [f"-I{folder}", f"-I{sources.support_source('thunk.h').parent}"]
    files = [str(folder / name) for name in ("thunks.c", "loops.c", "bodies.c")]
    output = folder / "toy.so"
    toolchain.compiler.run([*flags, *include, *files, "-o", str(output)], toolchain.cache.zig)
    return ThunkLibrary(str(output))


def call(
    library: ThunkLibrary, name: str, slots: list[int], memory: np.ndarray[tuple[int], np.dtype[np.uint8]] | None = None
) -> tuple[int, int]:
    region = np.zeros(REGION_NBYTES, np.uint64).view(np.uint8)[:REGION_NBYTES] if memory is None else memory
    return library.call(NUMBERS[name], 1, np.array(slots, np.uint64), int(region.ctypes.data), region.size)


@given(data=st.data(), above=st.integers(0, 2**64 - 1))
@pytest.mark.parametrize("ctype", ELEMENTS)
def test_every_type_passes_unchanged(library: ThunkLibrary, ctype: str, data: st.DataObject, above: int) -> None:
    """As an argument and as a result: only its own bytes count, and those above the result are zero."""
    nbytes = DTYPES[ctype].itemsize
    content = data.draw(st.binary(min_size=nbytes, max_size=nbytes))
    if ctype in ("float", "double"):  # a signalling NaN may become a quiet one on its way
        (number,) = struct.unpack(f"<{LETTERS[ctype]}", content)
        content = struct.pack(f"<{LETTERS[ctype]}", number if number == number else 0.0)
    slot = int.from_bytes(content, "little") | above >> 8 * nbytes << 8 * nbytes
    assert call(library, f"echo_{ctype}", [slot]) == (OK, int.from_bytes(content, "little"))


@given(data=st.data(), offset=st.integers(0, REGION_NBYTES + 8), size=st.integers(0, 80))
@pytest.mark.parametrize("ctype", ELEMENTS)
def test_a_buffer_of_every_type(library: ThunkLibrary, ctype: str, data: st.DataObject, offset: int, size: int) -> None:
    dtype = DTYPES[ctype]
    memory = np.zeros(REGION_NBYTES // 8, np.uint64).view(np.uint8)
    memory[:] = np.arange(REGION_NBYTES) % 120
    end = offset + size * dtype.itemsize
    status, result = call(library, f"last_{ctype}", [offset, size], memory)
    if end > REGION_NBYTES or offset % dtype.itemsize:
        assert (status, result) == (OUT_OF_BOUNDS, UNTOUCHED)
    else:
        content = memory[end - dtype.itemsize : end].tobytes() if size else b"\0"
        assert (status, result) == (OK, int.from_bytes(content, "little"))


def test_an_output_may_stand_before_its_input(library: ThunkLibrary) -> None:
    memory = np.arange(64, dtype=np.uint64).astype(np.uint8)
    assert call(library, "spread", [8, 0, 3, 4], memory) == (OK, 0)
    assert memory[:24].tolist() == [*range(8), 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 20, 21, 22, 23]
    assert call(library, "spread", [0, 3, 3, 4], memory) == (OUT_OF_BOUNDS, UNTOUCHED)
    assert call(library, "spread", [0, 11, 3, 4], memory) == (OUT_OF_BOUNDS, UNTOUCHED)
    assert call(library, "spread", [0, 12, 3, 4], memory) == (OK, 0)


@pytest.mark.parametrize(("rows", "columns"), [(-1, 1), (-1, 0), (-(2**63), 2), (2**62, 4), (2**56, 256)])
def test_negative_and_wrapping_lengths_are_refused(library: ThunkLibrary, rows: int, columns: int) -> None:
    assert call(library, "spread", [0, 0, rows % 2**64, columns]) == (OUT_OF_BOUNDS, UNTOUCHED)


@pytest.mark.parametrize(
    ("slots", "status"),
    [
        ([0, 64, 8, 8], OK),
        ([0, 56, 8, 8], OUT_OF_BOUNDS),
        ([56, 0, 8, 8], OUT_OF_BOUNDS),
        ([0, 0, 1, 1], OUT_OF_BOUNDS),
        ([0, 24, 8, 0], OK),  # nothing lies there
        ([24, 0, 0, 8], OK),
        ([24, 24, 0, 0], OK),
        ([REGION_NBYTES, 0, 0, 8], OK),
        ([REGION_NBYTES + 8, 0, 0, 8], OUT_OF_BOUNDS),
    ],
)
def test_two_that_are_written_must_not_meet(library: ThunkLibrary, slots: list[int], status: int) -> None:
    assert call(library, "swap", slots) == (status, 255 if status == OK else UNTOUCHED)
