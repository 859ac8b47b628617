"""The thunks as C source: what the generator writes, what it refuses, and what makes another artifact."""

from __future__ import annotations

import re

import pytest

from ffi_spectrum.errors import BuildError
from ffi_spectrum.kernels.shapes import shapes_of
from ffi_spectrum.kernels.table import KERNELS
from ffi_spectrum.toolchain.build import Toolchain
from ffi_spectrum.toolchain.remote import thunk_library, worker_program
from ffi_spectrum.toolchain.served import MAX_SLOTS, serve
from ffi_spectrum.toolchain.thunks import thunks_source

from .toy_extension import parse

SHAPES = shapes_of(KERNELS.values())
TOOLCHAIN = Toolchain()


def test_each_slot_is_read_once() -> None:
    """A slot in shared memory that is read a second time may have changed since it was checked."""
    kernels = TOOLCHAIN.kernels(TOOLCHAIN.target)
    source = thunks_source(kernels, SHAPES, "0" * 64, counting=False)
    bodies = re.split(r"^static uint32_t ffis_thunk_(\w+)_at\(", source, flags=re.MULTILINE)[1:]
    served = [one.prototype for one in serve(kernels, SHAPES)]
    assert len(served) == 2 * len(KERNELS)
    for kernel, name, body in zip(served, bodies[::2], bodies[1::2], strict=True):
        assert kernel.symbol == f"ffis_{name}"
        code = body.partition("\n}\n")[0].partition("{")[2]
        read = re.findall(r"\bffis_slot(?:_float|_double)?\(ffis_slots, (\d+)\)", code)
        assert sorted(map(int, read)) == list(range(len(kernel.parameters)))
        assert code.count("ffis_slots") == max(1, len(read))


@pytest.mark.parametrize(
    ("declaration", "shapes", "message"),
    [
        ("void ffis_f(const void * x, uint32_t size)", {"x": ("size",)}, "void pointer"),
        ("void ffis_f(const float * x, uint32_t size)", {}, "x: no parameter gives its length"),
        ("void ffis_f(const float * x, uint32_t size)", {"x": ("rows", "size")}, "no parameter gives"),
        ("void ffis_f(const float * x, double size)", {"x": ("size",)}, "no parameter gives"),
        ("void ffis_f(const uint8_t * x, int64_t n)", {"x": ("(n + 1) // 2",)}, "could wrap"),
        ("void ffis_f(const uint8_t * x, uint64_t n)", {"x": ("(n + 1) // 2",)}, "could wrap"),
        (f"void ffis_f({', '.join(f'double a{i}' for i in range(MAX_SLOTS + 1))})", {}, "13 arguments"),
    ],
    ids=["void", "no shape", "unknown dimension", "length of floating point", "signed", "64 bits", "too many"],
)
def test_what_cannot_be_kept_within_a_region_is_not_built(
    declaration: str, shapes: dict[str, tuple[str, ...]], message: str
) -> None:
    with pytest.raises(BuildError, match=message):
        thunks_source([parse(declaration)], {"ffis_f": shapes}, "0" * 64, counting=False)


def test_each_slot_of_a_recorded_call_is_read_once() -> None:
    """When it is checked, or, of what decides nothing about memory, when it is called."""
    kernels = TOOLCHAIN.kernels(TOOLCHAIN.target)
    source = thunks_source(kernels, SHAPES, "0" * 64, counting=False)
    for one in serve(kernels, SHAPES)[: len(kernels)]:
        name = one.prototype.symbol.removeprefix("ffis_")
        read = {}
        for part in ("record", "step"):
            code = source.partition(f"ffis_{part}_{name}(const uint64_t *ffis_")[2].partition("\n}\n")[0]
            read[part] = re.findall(r"\bffis_slot(?:_float|_double)?\(ffis_slots, (\d+)\)", code)
        private = [p.type.kind == "p" or p.name in one.lengths for p in one.prototype.parameters]
        assert sorted(map(int, read["record"])) == [slot for slot, is_private in enumerate(private) if is_private]
        assert sorted(map(int, read["step"])) == [slot for slot, is_private in enumerate(private) if not is_private]


def test_pointers_that_are_not_const_are_written() -> None:
    prototype = parse("int8_t ffis_f(const int16_t * x, int16_t * out, uint32_t nbytes)")
    shapes = {"ffis_f": {"x": ("nbytes",), "out": ("(nbytes + 1) // 2", "nbytes")}}
    source = thunks_source([prototype], shapes, "0" * 64, counting=True)
    assert "{ffis_slot(ffis_slots, 0), ffis_product(sizeof(int16_t), (uint64_t)nbytes), sizeof(int16_t), 0}," in source
    assert "ffis_product(ffis_product(sizeof(int16_t), ((uint64_t)nbytes + 1) / 2), (uint64_t)nbytes)" in source
    assert "sizeof(int16_t), 1}," in source
    assert "case 0: return ffis_count_f();" in source


def test_other_shapes_or_flags_are_another_artifact() -> None:
    narrower = {**SHAPES, "ffis_saxpy": {**SHAPES["ffis_saxpy"], "x": ("size", "size")}}
    paths = [
        thunk_library(TOOLCHAIN, SHAPES).path,
        thunk_library(TOOLCHAIN, narrower).path,
        thunk_library(Toolchain(build="counting"), SHAPES).path,
        worker_program(TOOLCHAIN, SHAPES).path,
        worker_program(TOOLCHAIN, SHAPES, faults=True).path,
    ]
    assert len(set(paths)) == len(paths)
    assert thunk_library(TOOLCHAIN, SHAPES).path == paths[0]


def test_the_facts_name_the_library_that_it_was_linked_with() -> None:
    for artifact in (thunk_library(TOOLCHAIN, SHAPES), worker_program(TOOLCHAIN, SHAPES)):
        assert artifact.facts["library_sha256"] == TOOLCHAIN.native_library().facts["sha256"]
        assert artifact.facts["build"] == "timed"
