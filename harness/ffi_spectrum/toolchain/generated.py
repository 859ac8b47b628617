"""C that is generated from the prototypes: far-side loops, wider entries, and the counting build's wrappers."""

from __future__ import annotations

from ffi_spectrum.toolchain.batch_source import (
    BATCH,
    REPLAY,
    batch_prototype,
    batches_source,
    replay_prototype,
    replay_source,
)
from ffi_spectrum.toolchain.header import Parameter, Prototype, kernel_name, parse_type

_HEAD = '/* Generated from ffis.h: see toolchain/generated.py. */\n#include <stdint.h>\n#include "ffis.h"\n\n'


def repeat_prototype(prototype: Prototype, pointer_nbytes: int) -> Prototype:
    """`ffis_repeat_K(fn, times, ...)`: `times` calls through the pointer `fn` (0: the library's own kernel)."""
    extra = (
        Parameter("ffis_fn", parse_type("uintptr_t", pointer_nbytes)),
        Parameter("ffis_times", parse_type("uint64_t", pointer_nbytes)),
    )
    symbol = f"ffis_repeat_{kernel_name(prototype)}"
    return Prototype(symbol, prototype.returns, extra + prototype.parameters)


def direct_prototype(prototype: Prototype, pointer_nbytes: int) -> Prototype:
    """`ffis_direct_K(times, ...)`: `times` direct calls of the library's own kernel."""
    extra = (Parameter("ffis_times", parse_type("uint64_t", pointer_nbytes)),)
    symbol = f"ffis_direct_{kernel_name(prototype)}"
    return Prototype(symbol, prototype.returns, extra + prototype.parameters)


def count_prototype(prototype: Prototype, pointer_nbytes: int) -> Prototype:
    """`ffis_count_K()`: how often the kernel was entered; exists in the counting build only."""
    returns = parse_type("uint64_t", pointer_nbytes)
    return Prototype(f"ffis_count_{kernel_name(prototype)}", returns, ())


def all_prototypes(kernels: tuple[Prototype, ...], pointer_nbytes: int, counting: bool) -> tuple[Prototype, ...]:
    """Everything that a library built from `kernels` exports."""
    makers = [repeat_prototype, direct_prototype, batch_prototype] + ([count_prototype] if counting else [])
    made = tuple(make(kernel, pointer_nbytes) for kernel in kernels for make in makers)
    return (*kernels, *made, replay_prototype(pointer_nbytes))


def is_derived(symbol: str) -> bool:
    """True for a symbol that `all_prototypes` adds to the header's own."""
    return symbol.startswith(("ffis_repeat_", "ffis_direct_", "ffis_count_", BATCH)) or symbol == REPLAY


def loops_source(kernels: tuple[Prototype, ...], pointer_nbytes: int) -> str:
    """C source of the repeat and direct loops, the batches and the replay.

    The pointer is read once through a volatile, so that the compiler can neither inline the kernel nor hoist it.
    """
    parts = [_HEAD]
    for kernel in kernels:
        arguments = ", ".join(p.name for p in kernel.parameters)
        types = ", ".join(p.type.spelling for p in kernel.parameters) or "void"
        is_void = kernel.returns.kind == "v"
        result = "" if is_void else f"    {kernel.returns.spelling} ffis_result = 0;\n"
        assign = "" if is_void else "ffis_result = "
        end = "" if is_void else "    return ffis_result;\n"
        fn = f"ffis_{kernel_name(kernel)}_fn"
        loop = "    for (uint64_t ffis_i = 0; ffis_i < ffis_times; ffis_i++) {{ {assign}{callee}({arguments}); }}\n"
        repeat, direct = repeat_prototype(kernel, pointer_nbytes), direct_prototype(kernel, pointer_nbytes)
        parts += [
            f"typedef {kernel.returns.spelling} (*{fn})({types});\n",
            f"FFIS_API {repeat.declare()};\nFFIS_API {direct.declare()};\n",
            f"{repeat.declare()} {{\n",
            f"    {fn} volatile ffis_opaque = ffis_fn ? ({fn})ffis_fn : {kernel.symbol};\n",
            f"    {fn} ffis_callee = ffis_opaque;\n{result}",
            loop.format(assign=assign, callee="ffis_callee", arguments=arguments),
            f"{end}}}\n{direct.declare()} {{\n{result}",
            loop.format(assign=assign, callee=kernel.symbol, arguments=arguments),
            f"{end}}}\n\n",
        ]
    return "".join([*parts, batches_source(kernels, pointer_nbytes), replay_source(kernels, pointer_nbytes)])


def counting_source(kernels: tuple[Prototype, ...]) -> str:
    """C source of wrappers that count entries; the kernels themselves are compiled under `renamed` names."""
    parts = [_HEAD]
    for kernel in kernels:
        inner, counter = renamed(kernel), f"ffis_counter_{kernel_name(kernel)}"
        arguments = ", ".join(p.name for p in kernel.parameters)
        give = "" if kernel.returns.kind == "v" else "return "
        count = count_prototype(kernel, 8)
        parts += [
            f"{kernel.declare(inner)};\nstatic uint64_t {counter};\n",
            f"{kernel.declare()} {{ {counter}++; {give}{inner}({arguments}); }}\n",
            f"FFIS_API {count.declare()};\n{count.declare()} {{ return {counter}; }}\n\n",
        ]
    return "".join(parts)


def renamed(kernel: Prototype) -> str:
    """The kernel's name inside the counting build."""
    return f"ffis_counted_{kernel_name(kernel)}"
