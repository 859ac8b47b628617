"""A CPython extension generated from prototypes: the client of a ring in shared memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ffi_spectrum.errors import BuildError
from ffi_spectrum.toolchain import sources
from ffi_spectrum.toolchain.cext_source import Shapes
from ffi_spectrum.toolchain.conversion import (
    declare_views,
    fastcall_function,
    method_row,
    release_views,
    take_addresses,
    take_buffers,
    take_scalars,
    unless,
    views_of,
)
from ffi_spectrum.toolchain.header import Parameter, Prototype, kernel_name
from ffi_spectrum.toolchain.served import Served, serve

# Each stands before those that need it.
_HEADERS = (
    "cext.h", "frame.h", "ring.h", "ring_payload.h", "ring_client.h", "ring_channel.h", "ring_methods.h", "ring_type.h",
)  # fmt: skip
# The channel's own methods, and how they take their arguments.
_METHODS = {
    "configure": "METH_VARARGS | METH_KEYWORDS", "watch": "METH_O", "retire": "METH_NOARGS", "park": "METH_NOARGS",
    "unpark": "METH_NOARGS", "ping": "METH_NOARGS", "drain": "METH_NOARGS", "count": "METH_O", "echo": "METH_O",
    "round_trips": "METH_FASTCALL", "copy": "METH_FASTCALL", "record": "METH_FASTCALL", "replay": "METH_O",
    "forget": "METH_O",
}  # fmt: skip
_TAIL = """
static PyMethodDef ffis_channel_methods[] = {{
{rows}
    {{NULL, NULL, 0, NULL}},
}};

static PyModuleDef_Slot ffis_slots[] = {{
    {{Py_mod_exec, ffis_add_type}},
    {{Py_mod_exec, ffis_add_layout}},
    {{0, NULL}}, /* no Py_mod_gil: it is the GIL that lets one call at a time into a channel */
}};

static struct PyModuleDef ffis_module = {{
    PyModuleDef_HEAD_INIT, .m_name = "{module}", .m_slots = ffis_slots,
}};

PyMODINIT_FUNC PyInit_{module}(void) {{ return PyModuleDef_Init(&ffis_module); }}
"""
# Suffix of a method, the form of its pointers, and what becomes of the call (enum ffis_how of ring_channel.h)
_ENTRIES = (
    ("", "", "FFIS_EXCHANGE"),
    ("_at", "_at", "FFIS_EXCHANGE"),
    ("_submit", "_at", "FFIS_SUBMIT"),
    ("_serialise", "", "FFIS_SERIALISE"),
    ("_serialise_at", "_at", "FFIS_SERIALISE"),
)


def ring_source(module: str, kernels: Sequence[Prototype], shapes: Shapes) -> str:
    """C source of the extension `module` with the type `Channel`; `kernels` are numbered as the worker numbers them.

    A channel has, for the kernel `ffis_K`, the method `K(...)`, where a pointer is an object with the buffer protocol
    and everything is checked as by cext_source's; `K_at(...)`, where it is an integer that nothing checks;
    `K_submit(...)`, which takes addresses and does not wait for its answer; `repeat_K_at(times, ...)`, one request for
    `times` calls; and `K_serialise(...)` and `K_serialise_at(...)`, which send nothing. Its batch is `batch_K_at(...)`,
    or `batch_K(count)` where K takes nothing.
    """
    entries, rows = [], []
    for name, flags in _METHODS.items():
        rows.append(f'    {{"{name}", (PyCFunction)(void (*)(void))ffis_channel_{name}, {flags}, NULL}},')
    for one in serve(kernels, shapes):
        function, name = one.prototype, kernel_name(one.prototype)
        if name in _METHODS:
            raise BuildError(f"{function.symbol} has the name of a method of every channel: give it another")
        ways = _batch_entries(one) if one.is_batch else _ENTRIES
        entries += [*_cores(one, shapes.get(function.symbol, {})), *(_entry(function, *way) for way in ways)]
        rows += [method_row(function, name + suffix) for suffix, _, _ in ways]
        if not one.is_batch:
            entries.append(_repeat(function))
            rows.append(method_row(function, f"repeat_{name}_at"))
    head = ["/* Generated: see toolchain/ring_source.py. */", "#define FFIS_RELEASE_GIL 0"]
    return "\n".join([*head, *map(_text, _HEADERS), *entries, _TAIL.format(module=module, rows="\n".join(rows))])


def _batch_entries(batch: Served) -> Sequence[tuple[str, str, str]]:
    """A batch is called with addresses, or without any where it takes none."""
    return (("_at" if batch.nbytes else "", "_at", "FFIS_EXCHANGE"),)


def _text(header: str) -> str:
    """A support header; those that it includes stand before it already."""
    lines = sources.support_source(header).read_text().splitlines()
    return "\n".join(line for line in lines if not line.startswith('#include "'))


def _cores(one: Served, shapes: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    """The functions behind the methods: one that takes addresses, and one that takes a kernel's buffers."""
    function = one.prototype
    scalars = [*take_scalars(function)]
    views = views_of(function)
    perform = f"ffis_channel_perform(ffis_self, &ffis_call, ffis_how, FFIS_RESULT_{function.returns.code.upper()});"
    yield _core(function, "_at", [*scalars, *take_addresses(function), *_fill(one, {}), f"    return {perform}"])
    if one.is_batch:
        return
    if views:
        pointers = {name: f"{view}.buf" for name, view in views.items()}
        checked = [*declare_views(function), *scalars, *take_buffers(function, shapes)]
        fill = _fill(one, pointers)
        yield _core(function, "", [*checked, *fill, f"    ffis_result = {perform}", *release_views()])
    else:
        yield f"#define ffis_ring_{kernel_name(function)} ffis_ring_{kernel_name(function)}_at\n"


def _core(kernel: Prototype, suffix: str, body: Sequence[str]) -> str:
    parameters = "ffis_channel *ffis_self, PyObject *const *ffis_args, uint64_t ffis_times, int ffis_how"
    head = [
        f"static PyObject *ffis_ring_{kernel_name(kernel)}{suffix}({parameters}) {{",
        "    struct ffis_call ffis_call;",
        *([] if kernel.parameters else ["    (void)ffis_args;"]),
    ]
    return "\n".join([*head, *body, "}\n"])


def _fill(one: Served, pointers: Mapping[str, str]) -> Iterator[str]:
    """Statements that fill in `ffis_call`; `pointers` are those that are no local variables."""
    pieces, parameters = 0, one.prototype.parameters
    yield f"    ffis_call.op = FFIS_OP_CALL, ffis_call.kernel = {one.number}, ffis_call.times = ffis_times;"
    for slot, p in enumerate(parameters):
        yield f"    ffis_call.slots[{slot}] = {_slot(p)};"
        if p.type.kind == "p":
            pointer, is_written = pointers.get(p.name, p.name), int(not p.type.is_const)
            piece = f"(void *){pointer}, {one.nbytes[p.name]}, 0, {slot}, {is_written}"
            yield f"    ffis_call.pieces[{pieces}] = (struct ffis_piece){{{piece}}};"
            pieces += 1
    yield f"    ffis_call.slots_count = {len(parameters)}, ffis_call.pieces_count = {pieces};"


def _slot(p: Parameter) -> str:
    """The value of a slot: the scalar's bits in its own C type and zeros above; a pointer's offset comes later."""
    if p.type.kind == "p":
        return "0"
    if p.type.kind == "f":
        return f"ffis_slot_of_{p.type.spelling}({p.name})"
    return f"(uint{p.type.nbytes * 8}_t){p.name}"


def _entry(kernel: Prototype, suffix: str, form: str, how: str) -> str:
    name = kernel_name(kernel)
    body = [f"    return ffis_ring_{name}{form}((ffis_channel *)ffis_self, ffis_args, 1, {how});"]
    return fastcall_function(name + suffix, len(kernel.parameters), body)


def _repeat(kernel: Prototype) -> str:
    name = kernel_name(kernel)
    body = [
        "    unsigned long ffis_times;",
        unless('ffis_take_ulong(ffis_args[0], "times", "uint64_t", &ffis_times)', "return NULL;"),
        f"    return ffis_ring_{name}_at((ffis_channel *)ffis_self, ffis_args + 1, ffis_times, FFIS_EXCHANGE);",
    ]
    return fastcall_function(f"repeat_{name}_at", len(kernel.parameters) + 1, body)
