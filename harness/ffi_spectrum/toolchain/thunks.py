"""Thunks: C that calls a kernel by its number, with arguments from slots and buffers from one region of memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ffi_spectrum.toolchain.cext_source import Shapes
from ffi_spectrum.toolchain.generated import count_prototype, repeat_prototype
from ffi_spectrum.toolchain.header import CType, Parameter, Prototype, kernel_name
from ffi_spectrum.toolchain.served import BATCH_BIT, Served, serve

_HEAD = '/* Generated: see toolchain/thunks.py and native/support/thunk.h. */\n#include "thunk_check.h"\n'
_NO_BUFFERS = "    (void)ffis_base, (void)ffis_nbytes;"
_REGION = "const uint64_t *ffis_slots, unsigned char *ffis_base, uint64_t ffis_nbytes"
_CALL = """uint32_t ffis_thunk_call(uint32_t kernel, uint64_t times, const uint64_t *slots, unsigned char *base,
                         uint64_t nbytes, uint64_t *result)"""
_RECORD = """uint32_t ffis_thunk_record(uint32_t kernel, const uint64_t *slots, unsigned char *base, uint64_t nbytes,
                           uint64_t *program, uint32_t *used)"""
_STEPS = """typedef const uint64_t *ffis_step(const uint64_t *ffis_own, uint64_t *ffis_row);

static ffis_step *const ffis_steps[] = {{{steps}}};

void ffis_thunk_replay(const uint64_t *program, uint64_t *rows, uint64_t count, uint64_t stride) {{
    for (; count > 0; count--, rows += stride) {{ program = ffis_steps[*program](program + 1, rows); }}
}}
"""


def thunks_source(kernels: Sequence[Prototype], shapes: Shapes, library_sha256: str, *, counting: bool) -> str:
    """C source of the functions of native/support/thunk.h, for `kernels` in the header's order.

    `shapes` gives every buffer's dimensions; a pointer that is not const is written. `library_sha256` is the digest of
    the library that this is linked against, which counts entries if `counting`. Raises BuildError as `serve` does.
    """
    served = serve(kernels, shapes)
    own, batches = served[: len(kernels)], served[len(kernels) :]
    repeats = {kernel.symbol: repeat_prototype(kernel, 8) for kernel in kernels}
    counts = [count_prototype(kernel, 8) for kernel in kernels] if counting else []
    entered = [f"{count.symbol}()" for count in counts] or ["UINT64_MAX"] * len(kernels)
    called = {one.number: f"{_name('thunk', one)}_at(times, slots, base, nbytes, result)" for one in served}
    recorded = {one.number: f"{_name('record', one)}(slots, base, nbytes, program, used)" for one in own}
    slots = {one.number: str(len(one.prototype.parameters)) for one in served}
    declared = [*repeats.values(), *counts, *(batch.prototype for batch in batches)]
    return "\n".join(
        [
            _HEAD,
            *(f"{prototype.declare()};" for prototype in declared),
            "",
            *(_thunk(one, repeats.get(one.prototype.symbol)) for one in served),
            *(text for one in own for text in (_record(one), _step(one))),
            _STEPS.format(steps=", ".join(_name("step", one) for one in own)),
            _switch(_CALL, called, "FFIS_UNKNOWN_KERNEL"),
            _switch(_RECORD, recorded, "FFIS_UNKNOWN_KERNEL"),
            _switch("uint64_t ffis_thunk_count(uint32_t kernel)", dict(enumerate(entered)), "UINT64_MAX"),
            _switch("uint32_t ffis_thunk_slots(uint32_t kernel)", slots, "UINT32_MAX"),
            f"uint32_t ffis_thunk_kernels(void) {{ return {len(kernels)}; }}\n",
            f'const char *ffis_thunk_library(void) {{ return "{library_sha256}"; }}\n',
        ]
    )


def _name(what: str, one: Served) -> str:
    return f"ffis_{what}_{kernel_name(one.prototype)}"


def _switch(declaration: str, values: Mapping[int, str], otherwise: str) -> str:
    labels = {n: f"FFIS_BATCH + {n - BATCH_BIT}" if n >= BATCH_BIT else str(n) for n in values}
    cases = [f"    case {labels[number]}: return {value};" for number, value in values.items()]
    lines = [f"{declaration} {{", "    switch (kernel) {", *cases, f"    default: return {otherwise};", "    }\n}\n"]
    return "\n".join(lines)


def _thunk(one: Served, repeat: Prototype | None) -> str:
    """One function's thunk. Names of its own start with ffis_, as a kernel's parameters may have any other."""
    function = one.prototype
    names = ", ".join(p.name for p in function.parameters)
    direct = f"{function.symbol}({names})"
    repeated = f"for (uint64_t ffis_i = 0; ffis_i < ffis_times; ffis_i++) {{ {direct}; }}"
    if repeat is not None:
        repeated = f"{repeat.symbol}({', '.join(['0', 'ffis_times', *(p.name for p in function.parameters)])})"
    lines = [
        f"static uint32_t {_name('thunk', one)}_at(uint64_t ffis_times, {_REGION}, uint64_t *ffis_result) {{",
        *([] if function.parameters else ["    (void)ffis_slots;"]),
        *(_scalar(slot, p) for slot, p in enumerate(function.parameters) if p.type.kind != "p"),
        *_buffers(one),
        *_call(function.returns, direct, repeated),
        "    return FFIS_OK;\n}\n",
    ]
    return "\n".join(lines)


def _scalar(slot: int, p: Parameter) -> str:
    name, ctype = p.name, p.type
    if ctype.kind == "f":
        return f"    const {ctype.spelling} {name} = ffis_slot_{ctype.spelling}(ffis_slots, {slot});"
    return f"    const {ctype.spelling} {name} = ({ctype.spelling})ffis_slot(ffis_slots, {slot});"


def _buffers(one: Served) -> Iterator[str]:
    """Declare the buffers as the slots state them, refuse the call where they do not fit, and make pointers."""
    pointers = [(slot, p) for slot, p in enumerate(one.prototype.parameters) if p.type.kind == "p"]
    if not pointers:
        yield _NO_BUFFERS
        return
    yield "    const struct ffis_span ffis_spans[] = {"
    for slot, p in pointers:
        width, is_written = f"sizeof({p.type.pointee})", int(not p.type.is_const)
        yield f"        {{ffis_slot(ffis_slots, {slot}), {one.nbytes[p.name]}, {width}, {is_written}}},"
    yield "    };"
    yield f"    if (!ffis_spans_fit(ffis_spans, {len(pointers)}, ffis_base, ffis_nbytes)) {{"
    yield "        return FFIS_OUT_OF_BOUNDS;\n    }"
    for i, (_, p) in enumerate(pointers):
        yield f"    {p.type.spelling}{p.name} = ({p.type.spelling})(ffis_base + ffis_spans[{i}].offset);"


def _call(returns: CType, direct: str, repeated: str) -> list[str]:
    if returns.kind == "v":
        return [
            f"    if (ffis_times == 1) {{ {direct}; }} else {{ {repeated}; }}",
            "    *ffis_result = 0;",
        ]
    return [
        f"    const {returns.spelling} ffis_value = ffis_times == 1 ? {direct} : {repeated};",
        "    *ffis_result = 0;",
        "    memcpy(ffis_result, &ffis_value, sizeof ffis_value);",
    ]


def _private(one: Served) -> list[Parameter]:
    """What a recorded call keeps to itself: everything that says which memory it touches."""
    return [p for p in one.prototype.parameters if p.type.kind == "p" or p.name in one.lengths]


def _record(one: Served) -> str:
    """The function that checks a command and writes what its step needs to `ffis_program`."""
    private = _private(one)
    lengths = [(slot, p) for slot, p in enumerate(one.prototype.parameters) if p.name in one.lengths]
    values = [f"(uint64_t)(uintptr_t){p.name}" if p.type.kind == "p" else f"(uint64_t){p.name}" for p in private]
    lines = [
        f"static uint32_t {_name('record', one)}({_REGION}, uint64_t *ffis_program, uint32_t *ffis_used) {{",
        *([] if private else ["    (void)ffis_slots;"]),
        *(_scalar(slot, p) for slot, p in lengths),
        *_buffers(one),
        f"    ffis_program[0] = {one.number};",
        *(f"    ffis_program[{i}] = {value};" for i, value in enumerate(values, 1)),
        f"    *ffis_used = {len(private) + 1};",
        "    return FFIS_OK;\n}\n",
    ]
    return "\n".join(lines)


def _step(one: Served) -> str:
    """The function that makes one recorded call and returns where the next one's words begin."""
    function = one.prototype
    places = {p.name: i for i, p in enumerate(_private(one))}
    lines = [f"static const uint64_t *{_name('step', one)}(const uint64_t *ffis_own, uint64_t *ffis_row) {{"]
    lines += ["    const uint64_t *ffis_slots = ffis_row + 1;", "    (void)ffis_slots;"]
    for slot, p in enumerate(function.parameters):
        if p.name not in places:
            lines.append(_scalar(slot, p))
        else:
            cast = "(uintptr_t)" if p.type.kind == "p" else ""
            lines.append(f"    {p.type.spelling} {p.name} = ({p.type.spelling}){cast}ffis_own[{places[p.name]}];")
    call = f"{function.symbol}({', '.join(p.name for p in function.parameters)})"
    if function.returns.kind == "v":
        lines.append(f"    {call};")
    else:
        lines.append(f"    const {function.returns.spelling} ffis_value = {call};")
        lines.append(f"    memcpy(&ffis_row[{len(function.parameters) + 1}], &ffis_value, sizeof ffis_value);")
    return "\n".join([*lines, f"    return ffis_own + {len(places)};\n}}\n"])
