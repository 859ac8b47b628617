"""Thunks: C that calls a kernel by its number, with arguments from slots and buffers from one region of memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ffi_spectrum.errors import BuildError
from ffi_spectrum.toolchain.cext_source import Shapes
from ffi_spectrum.toolchain.conversion import buffer_nbytes
from ffi_spectrum.toolchain.generated import count_prototype, kernel_name, repeat_prototype
from ffi_spectrum.toolchain.header import CType, Parameter, Prototype

# FFIS_MAX_SLOTS of native/support/thunk.h
MAX_SLOTS = 12

_HEAD = '/* Generated: see toolchain/thunks.py and native/support/thunk.h. */\n#include "thunk_check.h"\n'
_NO_BUFFERS = "    (void)ffis_base, (void)ffis_nbytes;"
_PARAMETERS = (
    "uint64_t ffis_times, const uint64_t *ffis_slots, unsigned char *ffis_base, uint64_t ffis_nbytes, "
    "uint64_t *ffis_result"
)


def thunks_source(kernels: Sequence[Prototype], shapes: Shapes, library_sha256: str, *, counting: bool) -> str:
    """C source of the functions of native/support/thunk.h, for `kernels` in the header's order.

    `shapes` gives every buffer's dimensions; a pointer that is not const is written. `library_sha256` is the digest of
    the library that this is linked against, which counts entries if `counting`. Raises BuildError for a pointer whose
    length no parameter gives, as nothing could keep a call within its region, and for more than MAX_SLOTS parameters.
    """
    repeats = [repeat_prototype(kernel, 8) for kernel in kernels]
    counts = [count_prototype(kernel, 8) for kernel in kernels] if counting else []
    entered = [f"{count.symbol}()" for count in counts] or ["UINT64_MAX"] * len(kernels)
    called = [f"{_thunk_name(k)}(times, slots, base, nbytes, result)" for k in kernels]
    slots = [str(len(kernel.parameters)) for kernel in kernels]
    call_parameters = "uint32_t kernel, uint64_t times, const uint64_t *slots, unsigned char *base, uint64_t nbytes,\n"
    call_parameters += "                         uint64_t *result"
    return "\n".join(
        [
            _HEAD,
            *(f"{prototype.declare()};" for prototype in (*repeats, *counts)),
            "",
            *(_thunk(kernel, repeat, shapes) for kernel, repeat in zip(kernels, repeats, strict=True)),
            _switch(f"uint32_t ffis_thunk_call({call_parameters})", called, "FFIS_UNKNOWN_KERNEL"),
            _switch("uint64_t ffis_thunk_count(uint32_t kernel)", entered, "UINT64_MAX"),
            _switch("uint32_t ffis_thunk_slots(uint32_t kernel)", slots, "UINT32_MAX"),
            f"uint32_t ffis_thunk_kernels(void) {{ return {len(kernels)}; }}\n",
            f'const char *ffis_thunk_library(void) {{ return "{library_sha256}"; }}\n',
        ]
    )


def _thunk_name(kernel: Prototype) -> str:
    return f"ffis_thunk_{kernel_name(kernel.symbol)}_at"


def _switch(declaration: str, values: Sequence[str], otherwise: str) -> str:
    cases = [f"    case {number}: return {value};" for number, value in enumerate(values)]
    lines = [f"{declaration} {{", "    switch (kernel) {", *cases, f"    default: return {otherwise};", "    }\n}\n"]
    return "\n".join(lines)


def _thunk(kernel: Prototype, repeat: Prototype, shapes: Shapes) -> str:
    """One kernel's thunk. Names of its own start with ffis_, as a kernel's parameters may have any other."""
    count = len(kernel.parameters)
    if count > MAX_SLOTS:
        raise BuildError(f"{kernel.symbol} takes {count} arguments, and a request has room for {MAX_SLOTS}")
    pointers = [(slot, p) for slot, p in enumerate(kernel.parameters) if p.type.kind == "p"]
    names = [p.name for p in kernel.parameters]
    lines = [
        f"static uint32_t {_thunk_name(kernel)}({_PARAMETERS}) {{",
        *([] if names else ["    (void)ffis_slots;"]),
        *(_scalar(slot, p) for slot, p in enumerate(kernel.parameters) if p.type.kind != "p"),
        *(_buffers(kernel, pointers, shapes.get(kernel.symbol, {})) if pointers else [_NO_BUFFERS]),
        *_call(kernel.returns, f"{kernel.symbol}({', '.join(names)})", _repeated(repeat, names)),
        "    return FFIS_OK;\n}\n",
    ]
    return "\n".join(lines)


def _repeated(repeat: Prototype, names: Sequence[str]) -> str:
    return f"{repeat.symbol}({', '.join(['0', 'ffis_times', *names])})"


def _scalar(slot: int, p: Parameter) -> str:
    name, ctype = p.name, p.type
    if ctype.kind == "f":
        return f"    const {ctype.spelling} {name} = ffis_slot_{ctype.spelling}(ffis_slots, {slot});"
    return f"    const {ctype.spelling} {name} = ({ctype.spelling})ffis_slot(ffis_slots, {slot});"


def _buffers(
    kernel: Prototype, pointers: Sequence[tuple[int, Parameter]], shapes: Mapping[str, tuple[str, ...]]
) -> Iterator[str]:
    """Declare the buffers as the slots state them, refuse the call where they do not fit, and make pointers."""
    yield "    const struct ffis_span ffis_spans[] = {"
    for slot, p in pointers:
        nbytes = buffer_nbytes(kernel, p, shapes.get(p.name, ()))
        if not nbytes:
            raise BuildError(f"{kernel.symbol}, {p.name}: no parameter gives its length; see KernelSpec.derived")
        width, is_written = f"sizeof({p.type.pointee})", int(not p.type.is_const)
        yield f"        {{ffis_slot(ffis_slots, {slot}), {nbytes}, {width}, {is_written}}},"
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
