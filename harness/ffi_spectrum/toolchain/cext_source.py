"""A CPython extension generated from prototypes: C that knows signatures and shapes, and no kernel."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from ffi_spectrum.errors import BuildError
from ffi_spectrum.toolchain import sources
from ffi_spectrum.toolchain.header import CType, Parameter, Prototype

# Symbol -> pointer parameter -> its dimensions: names of parameters, outermost first.
Shapes = Mapping[str, Mapping[str, tuple[str, ...]]]

_NAME = re.compile(r"[A-Za-z_]\w*")
_MAKERS = {"i": "PyLong_FromLong", "u": "PyLong_FromUnsignedLong", "f": "PyFloat_FromDouble"}
_FASTCALL = "PyObject *ffis_self, PyObject *const *ffis_args, Py_ssize_t ffis_nargs"
_TAIL = """
static PyModuleDef_Slot ffis_slots[] = {{
#ifdef Py_mod_multiple_interpreters
    {{Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED}},
#endif
#ifdef Py_mod_gil
    {{Py_mod_gil, Py_MOD_GIL_NOT_USED}}, /* the module has no state */
#endif
    {{0, NULL}},
}};

static struct PyModuleDef ffis_module = {{
    PyModuleDef_HEAD_INIT, .m_name = "{module}", .m_methods = ffis_methods, .m_slots = ffis_slots,
}};

PyMODINIT_FUNC PyInit_{module}(void) {{ return PyModuleDef_Init(&ffis_module); }}
"""


def extension_source(
    module: str,
    buffer_entries: Sequence[Prototype],
    address_entries: Sequence[Prototype],
    shapes: Shapes,
    *,
    release_gil: bool,
) -> str:
    """C source of the extension `module`, which is compiled without any header of the library.

    For `ffis_K` in `buffer_entries` it has `K(...)`, where a pointer is any object with the buffer protocol.
    Its items must have the pointer's type (TypeError), lie C-contiguous, be writable unless the pointer is
    const (BufferError), and be as many as `shapes` asks for, or more (ValueError). A dimension is a parameter, or
    arithmetic over parameters; a buffer with another is not checked for its length.

    For `ffis_K` in `address_entries` it has `K_at(...)`, where a pointer is an integer that nothing checks.

    Integers and doubles are converted exactly: TypeError for a float where an integer is due, OverflowError
    for a number that the C type cannot hold. Raises BuildError for a void pointer in a buffer entry.
    """
    entries = [_buffer_entry(p, shapes.get(p.symbol, {})) for p in buffer_entries]
    entries += [_address_entry(p) for p in address_entries]
    rows = [_method(p, "") for p in buffer_entries] + [_method(p, "_at") for p in address_entries]
    prototypes = dict.fromkeys((*buffer_entries, *address_entries))
    return "\n".join(
        [
            "/* Generated: see toolchain/cext_source.py. */",
            f"#define FFIS_RELEASE_GIL {int(release_gil)}",
            sources.support_source("cext.h").read_text(),
            *(f"{prototype.declare()};" for prototype in prototypes),
            "",
            *entries,
            "static PyMethodDef ffis_methods[] = {",
            *rows,
            "    {NULL, NULL, 0, NULL},\n};",
            _TAIL.format(module=module),
        ]
    )


def python_name(prototype: Prototype) -> str:
    """`ffis_crc32` -> `crc32`, the function's name in Python."""
    return prototype.symbol.removeprefix("ffis_")


def _method(prototype: Prototype, suffix: str) -> str:
    name = python_name(prototype) + suffix
    # METH_FASTCALL even without arguments: CPython 3.11 does not specialise calls of METH_NOARGS
    function = f"(PyCFunction)(void (*)(void))ffis_py_{name}"
    return f'    {{"{name}", {function}, METH_FASTCALL, "{prototype.declare()}"}},'


def _buffer_entry(prototype: Prototype, shapes: Mapping[str, tuple[str, ...]]) -> str:
    pointers = [(i, p) for i, p in enumerate(prototype.parameters) if p.type.kind == "p"]
    if not pointers:
        return _address_entry(prototype, suffix="")
    views = {p.name: f"ffis_views[{view}]" for view, (_, p) in enumerate(pointers)}
    lines = [
        f"    Py_buffer ffis_views[{len(pointers)}];",
        "    int ffis_held = 0;",
        "    PyObject *ffis_result = NULL;",
        *_take_scalars(prototype),
    ]
    for i, p in pointers:
        # once a view is acquired, every way out leads through the release
        lines += [*_unless(_acquire(i, p, views[p.name]), "goto ffis_release;"), "    ffis_held++;"]
    lines += _length_checks(prototype, views, shapes)
    pointees = {name: f"{view}.buf" for name, view in views.items()}
    lines += [
        *_call(prototype, pointees, "ffis_result ="),
        "ffis_release:",
        "    while (ffis_held > 0) { PyBuffer_Release(&ffis_views[--ffis_held]); }",
        "    return ffis_result;",
    ]
    return _function(prototype, python_name(prototype), lines)


def _address_entry(prototype: Prototype, suffix: str = "_at") -> str:
    lines = list(_take_scalars(prototype))
    for i, p in enumerate(prototype.parameters):
        if p.type.kind == "p":
            lines.append(f"    unsigned long {p.name};")
            where = f'ffis_args[{i}], "{p.name}", "uintptr_t"'
            lines += _unless(f"ffis_take_ulong({where}, &{p.name})", "return NULL;")
    lines += _call(prototype, {}, "return")
    return _function(prototype, python_name(prototype) + suffix, lines)


def _function(prototype: Prototype, name: str, body: Iterable[str]) -> str:
    count = len(prototype.parameters)
    head = [
        f"static PyObject *ffis_py_{name}({_FASTCALL}) {{",
        "    (void)ffis_self;" if count else "    (void)ffis_self, (void)ffis_args;",
        f'    if (ffis_nargs != {count}) {{ return ffis_wrong_count("{name}", {count}, ffis_nargs); }}',
    ]
    return "\n".join([*head, *body, "}\n"])


def _unless(condition: str, statement: str) -> list[str]:
    return [f"    if (!{condition}) {{ {statement} }}"]


def _take_scalars(prototype: Prototype) -> Iterator[str]:
    """Declare and convert what is not a pointer; before any buffer is held, as __index__ may run any code."""
    for i, p in enumerate(prototype.parameters):
        if p.type.kind == "p":
            continue
        name, ctype = p.name, p.type
        where = f'ffis_args[{i}], "{name}", "{ctype.spelling}"'
        if ctype.kind == "f":
            yield f"    {ctype.spelling} {name};"
            yield from _unless(f"ffis_take_{ctype.spelling}({where}, &{name})", "return NULL;")
        elif ctype.code == "u64":
            yield f"    unsigned long {name};"
            yield from _unless(f"ffis_take_ulong({where}, &{name})", "return NULL;")
        else:
            low, high = _limits(ctype)
            yield f"    long {name};"
            yield from _unless(f"ffis_take_long({where}, {low}, {high}, &{name})", "return NULL;")


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


def _length_checks(
    prototype: Prototype, views: Mapping[str, str], shapes: Mapping[str, tuple[str, ...]]
) -> Iterator[str]:
    lengths = {p.name for p in prototype.parameters if p.type.kind in "iu"}
    by_name = {p.name: p for p in prototype.parameters}
    for name, view in views.items():
        dimensions = shapes.get(name, ())
        if not dimensions or not lengths.issuperset(_NAME.findall(" ".join(dimensions))):
            yield f"    /* {name} is not checked for its length, which no parameter gives */"
            continue
        nbytes = _element(by_name[name].type)[1]
        for dimension in dimensions:
            # a negative length becomes a huge one
            count = _NAME.sub(r"(uint64_t)\g<0>", dimension).replace("//", "/")
            nbytes = f"ffis_product({nbytes}, {count})"
        yield from _unless(f'ffis_holds(&{view}, "{name}", {nbytes})', "goto ffis_release;")


def _call(prototype: Prototype, values: Mapping[str, str], give: str) -> list[str]:
    """The kernel's call, and what becomes of its result; `values` are the arguments that are no locals."""
    arguments = (f"({p.type.spelling}){values.get(p.name, p.name)}" for p in prototype.parameters)
    call = f"{prototype.symbol}({', '.join(arguments)});"
    returns = prototype.returns
    if returns.kind == "v":
        return [
            "    FFIS_ENTER",
            f"    {call}",
            "    FFIS_LEAVE",
            f"    {give} (Py_INCREF(Py_None), Py_None);",
        ]
    return [
        f"    {returns.spelling} ffis_value;",
        "    FFIS_ENTER",
        f"    ffis_value = {call}",
        "    FFIS_LEAVE",
        f"    {give} {_MAKERS[returns.kind]}(ffis_value);",
    ]
