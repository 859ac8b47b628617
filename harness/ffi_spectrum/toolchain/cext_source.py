"""A CPython extension generated from prototypes: C that knows signatures and shapes, and no kernel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ffi_spectrum.toolchain import sources
from ffi_spectrum.toolchain.conversion import (
    declare_views,
    fastcall_function,
    method_row,
    release_views,
    take_addresses,
    take_buffers,
    take_scalars,
    views_of,
)
from ffi_spectrum.toolchain.header import Prototype, kernel_name

# Symbol -> pointer parameter -> its dimensions: names of parameters, outermost first.
Shapes = Mapping[str, Mapping[str, tuple[str, ...]]]

_MAKERS = {"i": "PyLong_FromLong", "u": "PyLong_FromUnsignedLong", "f": "PyFloat_FromDouble"}
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
    rows = [method_row(p, kernel_name(p)) for p in buffer_entries]
    rows += [method_row(p, f"{kernel_name(p)}_at") for p in address_entries]
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


def _buffer_entry(prototype: Prototype, shapes: Mapping[str, tuple[str, ...]]) -> str:
    views = views_of(prototype)
    if not views:
        return _address_entry(prototype, suffix="")
    lines = [
        *declare_views(prototype),
        *take_scalars(prototype),
        *take_buffers(prototype, shapes),
        *_call(prototype, {name: f"{view}.buf" for name, view in views.items()}, "ffis_result ="),
        *release_views(),
    ]
    return fastcall_function(kernel_name(prototype), len(prototype.parameters), lines)


def _address_entry(prototype: Prototype, suffix: str = "_at") -> str:
    lines = [*take_scalars(prototype), *take_addresses(prototype), *_call(prototype, {}, "return")]
    return fastcall_function(kernel_name(prototype) + suffix, len(prototype.parameters), lines)


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
