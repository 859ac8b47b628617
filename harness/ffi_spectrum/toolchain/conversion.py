"""C that converts and checks the arguments of a generated CPython function, with the helpers of cext.h."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from ffi_spectrum.errors import BuildError
from ffi_spectrum.toolchain.header import CType, Parameter, Prototype

FASTCALL = "PyObject *ffis_self, PyObject *const *ffis_args, Py_ssize_t ffis_nargs"
_NAME = re.compile(r"[A-Za-z_]\w*")


def method_row(prototype: Prototype, name: str) -> str:
    """The line of a PyMethodDef table for `ffis_py_<name>`, whose docstring is the prototype."""
    # METH_FASTCALL even without arguments: CPython 3.11 does not specialise calls of METH_NOARGS
    function = f"(PyCFunction)(void (*)(void))ffis_py_{name}"
    return f'    {{"{name}", {function}, METH_FASTCALL, "{prototype.declare()}"}},'


def fastcall_function(name: str, count: int, body: Iterable[str]) -> str:
    """The function `ffis_py_<name>`, which takes `count` arguments."""
    head = [
        f"static PyObject *ffis_py_{name}({FASTCALL}) {{",
        "    (void)ffis_self;" if count else "    (void)ffis_self, (void)ffis_args;",
        f'    if (ffis_nargs != {count}) {{ return ffis_wrong_count("{name}", {count}, ffis_nargs); }}',
    ]
    return "\n".join([*head, *body, "}\n"])


def unless(condition: str, statement: str) -> str:
    return f"    if (!{condition}) {{ {statement} }}"


def take_scalars(prototype: Prototype) -> Iterator[str]:
    """Declare and convert what is not a pointer; before any buffer is held, as __index__ may run any code."""
    for i, p in enumerate(prototype.parameters):
        if p.type.kind == "p":
            continue
        name, ctype = p.name, p.type
        where = f'ffis_args[{i}], "{name}", "{ctype.spelling}"'
        if ctype.kind == "f":
            yield f"    {ctype.spelling} {name};"
            yield unless(f"ffis_take_{ctype.spelling}({where}, &{name})", "return NULL;")
        elif ctype.code == "u64":
            yield f"    unsigned long {name};"
            yield unless(f"ffis_take_ulong({where}, &{name})", "return NULL;")
        else:
            low, high = _limits(ctype)
            yield f"    long {name};"
            yield unless(f"ffis_take_long({where}, {low}, {high}, &{name})", "return NULL;")


def take_addresses(prototype: Prototype) -> Iterator[str]:
    """Declare and convert the pointers, which arrive as integers that nothing checks."""
    for i, p in enumerate(prototype.parameters):
        if p.type.kind == "p":
            yield f"    unsigned long {p.name};"
            where = f'ffis_args[{i}], "{p.name}", "uintptr_t"'
            yield unless(f"ffis_take_ulong({where}, &{p.name})", "return NULL;")


def views_of(prototype: Prototype) -> dict[str, str]:
    """Pointer parameter -> the C expression of its view, once `take_buffers` has acquired it."""
    pointers = [p.name for p in prototype.parameters if p.type.kind == "p"]
    return {name: f"ffis_views[{i}]" for i, name in enumerate(pointers)}


def take_buffers(prototype: Prototype, shapes: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    """Acquire and check the buffers, behind `declare_views` and the scalars; a failure goes to `release_views`."""
    views = views_of(prototype)
    for i, p in enumerate(prototype.parameters):
        if p.type.kind == "p":
            # once a view is acquired, every way out leads through the release
            yield unless(_acquire(i, p, views[p.name]), "goto ffis_release;")
            yield "    ffis_held++;"
    for p in (p for p in prototype.parameters if p.name in views):
        nbytes = buffer_nbytes(prototype, p, shapes.get(p.name, ()))
        if nbytes:
            yield unless(f'ffis_holds(&{views[p.name]}, "{p.name}", {nbytes})', "goto ffis_release;")
        else:
            yield f"    /* {p.name} is not checked for its length, which no parameter gives */"


def declare_views(prototype: Prototype) -> list[str]:
    return [
        f"    Py_buffer ffis_views[{len(views_of(prototype))}];",
        "    int ffis_held = 0;",
        "    PyObject *ffis_result = NULL;",
    ]


def release_views() -> list[str]:
    return [
        "ffis_release:",
        "    while (ffis_held > 0) { PyBuffer_Release(&ffis_views[--ffis_held]); }",
        "    return ffis_result;",
    ]


def buffer_nbytes(prototype: Prototype, parameter: Parameter, dimensions: tuple[str, ...]) -> str:
    """The bytes of a buffer as a C expression that saturates, "" where no parameter gives its length.

    Raises BuildError for arithmetic over a length that is signed or has 64 bits, as it could wrap round to few bytes.
    """
    lengths = {p.name for p in prototype.parameters if p.type.kind in "iu"}
    if not dimensions or not lengths.issuperset(_NAME.findall(" ".join(dimensions))):
        return ""
    narrow = {p.name for p in prototype.parameters if p.type.code in ("u8", "u16", "u32")}
    nbytes = _element(parameter.type)[1]
    for dimension in dimensions:
        if dimension not in lengths and not narrow.issuperset(_NAME.findall(dimension)):
            raise BuildError(
                f"{prototype.symbol}, {parameter.name}: {dimension!r} could wrap; lengths must be uint32_t or narrower"
            )
        # a negative length becomes a huge one
        count = _NAME.sub(r"(uint64_t)\g<0>", dimension).replace("//", "/")
        nbytes = f"ffis_product({nbytes}, {count})"
    return nbytes


def _limits(ctype: CType) -> tuple[str, str]:
    bits = ctype.nbytes * 8
    return (f"INT{bits}_MIN", f"INT{bits}_MAX") if ctype.kind == "i" else ("0", f"UINT{bits}_MAX")


def _element(ctype: CType) -> tuple[str, str]:
    """Kind and width of what a pointer points to, as ffis_acquire takes them."""
    if ctype.pointee == "void":
        raise BuildError("a void pointer has no items to check: use a pointer to a fixed-width type")
    kind = "f" if ctype.pointee in ("float", "double") else ctype.pointee[0]
    return kind, f"sizeof({ctype.pointee})"


def _acquire(index: int, p: Parameter, view: str) -> str:
    kind, width = _element(p.type)
    type_ = f'"{p.name}", "{p.type.pointee}", \'{kind}\', {width}, {int(not p.type.is_const)}'
    return f"ffis_acquire(ffis_args[{index}], &{view}, {type_})"
