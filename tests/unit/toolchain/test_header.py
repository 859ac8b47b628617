"""Reading prototypes from clang's AST: per target, and refusing what no rung can carry."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ffi_spectrum.errors import BuildError
from ffi_spectrum.toolchain.build import Toolchain
from ffi_spectrum.toolchain.compiler import find_compiler
from ffi_spectrum.toolchain.header import (
    Prototype,
    load_prototypes,
    parse_type,
    prototypes_from_ast,
    save_prototypes,
)
from ffi_spectrum.toolchain.target import AARCH64, TARGETS, WASM32, X86_64, Target


def ast_of(header: str, folder: Path, target: Target = X86_64) -> dict[str, Any]:
    (folder / "unit.c").write_text(f"#include <stddef.h>\n#include <stdint.h>\n{header}\n")
    flags = ["-target", target.triple, "-Xclang", "-ast-dump=json", "-E", str(folder / "unit.c")]
    tree: dict[str, Any] = json.loads(find_compiler("zig").run(flags, Toolchain().cache.zig))
    return tree


def prototypes_of(header: str, folder: Path, target: Target = X86_64) -> tuple[Prototype, ...]:
    return prototypes_from_ast(ast_of(header, folder, target), "ffis_", target.pointer_nbytes)


def test_names_types_and_order(tmp_path: Path) -> None:
    found = prototypes_of(
        "uint32_t ffis_second(const uint8_t *data, uint32_t nbytes);\n"
        "void ffis_first(float a, const double *x, int64_t *out);\n"
        "int other(int x);\n",
        tmp_path,
    )
    assert [prototype.symbol for prototype in found] == ["ffis_second", "ffis_first"]
    assert [(p.name, p.type.code) for p in found[0].parameters] == [("data", "p"), ("nbytes", "u32")]
    assert found[0].returns.code == "u32"
    a, x, out = found[1].parameters
    assert (a.type.code, a.type.nbytes) == ("f32", 4)
    assert (x.type.pointee, x.type.is_const) == ("double", True)
    assert (out.type.pointee, out.type.is_const) == ("int64_t", False)
    assert found[1].returns.code == "v"


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
def test_sizes_belong_to_the_target(target: Target, tmp_path: Path) -> None:
    (found,) = prototypes_of("size_t ffis_f(const float *x, uintptr_t fn, uint64_t wide);", tmp_path, target)
    pointer = 4 if target is WASM32 else 8
    assert [p.type.nbytes for p in found.parameters] == [pointer, pointer, 8]
    assert found.returns.code == f"u{pointer * 8}"


def test_declare_gives_the_header_back(tmp_path: Path) -> None:
    source = "double ffis_f(const double * x, uint32_t size)"
    (found,) = prototypes_of(f"{source};\nint ffi(void);", tmp_path)
    assert found.declare() == source
    assert found.declare("ffis_g") == source.replace("ffis_f", "ffis_g")
    (nothing,) = prototypes_of("void ffis_noop(void);", tmp_path)
    assert nothing.declare() == "void ffis_noop(void)"


@pytest.mark.parametrize(
    ("header", "named"),
    [
        ("void ffis_f(const char *text);", "char"),
        ("void ffis_f(long wide);", "long"),
        ("long double ffis_f(void);", "long double"),
        ("void ffis_f(float **rows);", "float *"),
        ("void ffis_f(void (*callback)(int));", "void ( * )(int)"),
        ("struct pair { int a; }; void ffis_f(struct pair p);", "struct pair"),
        ("void ffis_f(_Bool flag);", "_Bool"),
        ("int ffis_f(const uint8_t *format, ...);", "variadic"),
    ],
)
def test_unsupported_types_are_named(header: str, named: str, tmp_path: Path) -> None:
    with pytest.raises(BuildError) as caught:
        prototypes_of(header, tmp_path)
    assert named in str(caught.value)


def test_a_type_is_refused_in_words() -> None:
    with pytest.raises(BuildError, match="fixed-width"):
        parse_type("wchar_t", 8)


@pytest.mark.parametrize("target", [X86_64, AARCH64, WASM32], ids=lambda target: target.name)
def test_saved_prototypes_come_back(target: Target, tmp_path: Path) -> None:
    found = prototypes_of("size_t ffis_f(const float *x, uint64_t n); void ffis_g(void);", tmp_path, target)
    save_prototypes(found, tmp_path / "prototypes.json")
    assert tuple(load_prototypes(tmp_path / "prototypes.json", target.pointer_nbytes).values()) == found


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
def test_the_real_header(target: Target) -> None:
    symbols = [prototype.symbol for prototype in Toolchain().kernels(target)]
    assert symbols[:2] == ["ffis_noop", "ffis_add"]
    assert len(symbols) == len(set(symbols))
