"""Prototypes, read from the header by the compiler itself, per target."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ffi_spectrum.errors import BuildError

# Spelling in C -> (kind, nbytes). Kind: "i" signed, "u" unsigned, "f" floating, "p" pointer, "v" void.
_SCALARS = {
    "int8_t": ("i", 1), "uint8_t": ("u", 1), "int16_t": ("i", 2), "uint16_t": ("u", 2),
    "int32_t": ("i", 4), "uint32_t": ("u", 4), "int64_t": ("i", 8), "uint64_t": ("u", 8),
    "float": ("f", 4), "double": ("f", 8), "void": ("v", 0), "int": ("i", 4), "unsigned int": ("u", 4),
}  # fmt: skip
_POINTER_SIZED = {"size_t": "u", "uintptr_t": "u", "intptr_t": "i", "ptrdiff_t": "i"}


@dataclass(frozen=True, slots=True)
class CType:
    """A C type as a binding needs it: spelling, kind, width and, for a pointer, what it points to."""

    spelling: str
    kind: str
    nbytes: int
    pointee: str = ""
    is_const: bool = False

    @property
    def code(self) -> str:
        """Short name: i64, u32, f32, p, v."""
        return self.kind if self.kind in "pv" else f"{self.kind}{self.nbytes * 8}"


@dataclass(frozen=True, slots=True)
class Parameter:
    name: str
    type: CType


@dataclass(frozen=True, slots=True)
class Prototype:
    """One function of the library."""

    symbol: str
    returns: CType
    parameters: tuple[Parameter, ...]

    def declare(self, symbol: str = "") -> str:
        """The prototype as C source, without semicolon, optionally under another name."""
        parameters = ", ".join(f"{p.type.spelling} {p.name}" for p in self.parameters) or "void"
        return f"{self.returns.spelling} {symbol or self.symbol}({parameters})"


def kernel_name(prototype: Prototype) -> str:
    """`ffis_crc32` -> `crc32`: the function without the library's prefix, as Python calls it."""
    return prototype.symbol.removeprefix("ffis_")


def parse_type(spelling: str, pointer_nbytes: int) -> CType:
    """Turn a C type's spelling into a CType; raises BuildError for types that no rung can carry."""
    text = " ".join(spelling.replace("*", " * ").split())
    if text.endswith("*"):
        inner = text[:-1].strip()
        pointee = inner.removeprefix("const ")
        if pointee not in _SCALARS:
            raise BuildError(f"a pointer to {pointee!r} is not supported: use a pointer to a fixed-width type")
        return CType(f"{inner} *", "p", pointer_nbytes, pointee, inner.startswith("const "))
    if text in _POINTER_SIZED:
        return CType(text, _POINTER_SIZED[text], pointer_nbytes)
    if text not in _SCALARS:
        raise BuildError(f"the type {text!r} is not supported: use fixed-width types, float, double, pointers to them")
    kind, nbytes = _SCALARS[text]
    return CType(text, kind, nbytes)


def prototypes_from_ast(ast: dict[str, Any], prefix: str, pointer_nbytes: int) -> tuple[Prototype, ...]:
    """All functions of clang's `-ast-dump=json` whose name starts with `prefix`, in declaration order."""
    found: dict[str, Prototype] = {}
    for node in ast.get("inner", []):
        if node.get("kind") != "FunctionDecl" or not node["name"].startswith(prefix):
            continue
        if node.get("variadic"):
            raise BuildError(f"{node['name']} is variadic, which is not supported: give it fixed parameters")
        returns = re.split(r"\s*\(", node["type"]["qualType"], maxsplit=1)[0]
        parameters = tuple(
            Parameter(child.get("name", f"arg{i}"), parse_type(child["type"]["qualType"], pointer_nbytes))
            for i, child in enumerate(c for c in node.get("inner", []) if c["kind"] == "ParmVarDecl")
        )
        found[node["name"]] = Prototype(node["name"], parse_type(returns, pointer_nbytes), parameters)
    return tuple(found.values())


def save_prototypes(prototypes: tuple[Prototype, ...], path: Path) -> None:
    """Write prototypes as a small JSON file, so that a worker needs no compiler to know the signatures."""
    rows = [
        {
            "symbol": p.symbol,
            "returns": p.returns.spelling,
            "parameters": [[q.name, q.type.spelling] for q in p.parameters],
        }
        for p in prototypes
    ]
    path.write_text(json.dumps(rows, indent=1))


def load_prototypes(path: Path, pointer_nbytes: int) -> dict[str, Prototype]:
    """Read what `save_prototypes` wrote, keyed by symbol."""
    found = {}
    for row in json.loads(path.read_text()):
        parameters = tuple(
            Parameter(name, parse_type(spelling, pointer_nbytes)) for name, spelling in row["parameters"]
        )
        found[row["symbol"]] = Prototype(row["symbol"], parse_type(row["returns"], pointer_nbytes), parameters)
    return found
