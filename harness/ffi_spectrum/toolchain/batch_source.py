"""C that is generated from the prototypes for fewer, wider crossings: batches and replayed lists of calls."""

from __future__ import annotations

from collections.abc import Iterator

from ffi_spectrum.toolchain.header import Parameter, Prototype, kernel_name, parse_type

BATCH, REPLAY = "ffis_batch_", "ffis_replay"


def batch_prototype(kernel: Prototype, pointer_nbytes: int) -> Prototype:
    """`ffis_batch_K(count, ...)`: `count` calls over a structure of arrays.

    A scalar becomes an array of `count`; a buffer becomes `count` of them, each `ffis_<name>_step` elements after the
    one before (0: one for all calls). Lengths and other integers that a buffer's name is not in stay scalars where
    they are `uint32_t`, the library's type for counts. Results, if there are any, go to the array `ffis_results`.
    """
    word = parse_type("uint32_t", pointer_nbytes)
    parameters = [Parameter("ffis_count", word)]
    for p in kernel.parameters:
        if p.type.kind == "p":
            parameters += [p, Parameter(step_name(p), word)]
        elif is_shared(p):
            parameters.append(p)
        else:
            parameters.append(Parameter(p.name, parse_type(f"const {p.type.spelling} *", pointer_nbytes)))
    if kernel.returns.kind != "v":
        parameters.append(Parameter("ffis_results", parse_type(f"{kernel.returns.spelling} *", pointer_nbytes)))
    return Prototype(f"{BATCH}{kernel_name(kernel)}", parse_type("void", pointer_nbytes), tuple(parameters))


def replay_prototype(pointer_nbytes: int) -> Prototype:
    """`ffis_replay(words, count, stride)`: `count` commands, each `stride` words after the one before.

    A command's first word is the kernel's place in ffis.h, then comes one word per argument (a scalar in its low bytes
    and its own C type, or an address), and then one that receives the result.
    """
    word = parse_type("uint32_t", pointer_nbytes)
    parameters = (
        Parameter("ffis_words", parse_type("uint64_t *", pointer_nbytes)),
        Parameter("ffis_count", word),
        Parameter("ffis_stride", word),
    )
    return Prototype(REPLAY, parse_type("void", pointer_nbytes), parameters)


def step_name(p: Parameter) -> str:
    """The parameter that says how far apart a batch's buffers of this name are, in elements."""
    return f"ffis_{p.name}_step"


def is_shared(p: Parameter) -> bool:
    """True for what all calls of a batch have in common beside their buffers: counts."""
    return p.type.code == "u32"


def batches_source(kernels: tuple[Prototype, ...], pointer_nbytes: int) -> str:
    """C source of the batch entries, to stand behind the loops'."""
    return "".join("\n".join(_batch(kernel, pointer_nbytes)) for kernel in kernels)


def _batch(kernel: Prototype, pointer_nbytes: int) -> Iterator[str]:
    batch = batch_prototype(kernel, pointer_nbytes)
    yield f"FFIS_API {batch.declare()};\n{batch.declare()} {{"
    if not kernel.parameters and kernel.returns.kind == "v":
        yield "    for (uint32_t ffis_i = 0; ffis_i < ffis_count; ffis_i++) { " + f"{kernel.symbol}();" + " }\n}\n\n"
        return
    arguments = []
    for p in kernel.parameters:
        if p.type.kind == "p":
            arguments.append(f"{p.name} + (uint64_t)ffis_i * {step_name(p)}")
        else:
            arguments.append(p.name if is_shared(p) else f"{p.name}[ffis_i]")
    keep = "" if kernel.returns.kind == "v" else "ffis_results[ffis_i] = "
    yield "    for (uint32_t ffis_i = 0; ffis_i < ffis_count; ffis_i++) {"
    yield f"        {keep}{kernel.symbol}({', '.join(arguments)});"
    yield "    }\n}\n\n"


def replay_source(kernels: tuple[Prototype, ...], pointer_nbytes: int) -> str:
    """C source of one step per kernel and of the loop over a list of commands."""
    replay = replay_prototype(pointer_nbytes)
    steps = ", ".join(_step_name(kernel) for kernel in kernels)
    return "".join(
        [
            *("\n".join(_step(kernel)) for kernel in kernels),
            f"static void (*const ffis_steps[])(uint64_t *) = {{{steps}}};\n\n",
            f"FFIS_API {replay.declare()};\n{replay.declare()} {{\n",
            "    for (uint32_t ffis_i = 0; ffis_i < ffis_count; ffis_i++, ffis_words += ffis_stride) {\n",
            "        ffis_steps[*ffis_words](ffis_words);\n    }\n}\n",
        ]
    )


def _step(kernel: Prototype) -> Iterator[str]:
    yield f"static void {_step_name(kernel)}(uint64_t *ffis_words) {{"
    if not kernel.parameters and kernel.returns.kind == "v":
        yield "    (void)ffis_words;"
    for i, p in enumerate(kernel.parameters, 1):
        word, spelling = f"ffis_words[{i}]", p.type.spelling
        if p.type.kind == "p":
            yield f"    {spelling} {p.name} = ({spelling})(uintptr_t){word};"
        elif p.type.kind == "f":
            yield f"    {spelling} {p.name};\n    __builtin_memcpy(&{p.name}, &{word}, sizeof {p.name});"
        else:
            yield f"    {spelling} {p.name} = ({spelling}){word};"
    call = f"{kernel.symbol}({', '.join(p.name for p in kernel.parameters)});"
    if kernel.returns.kind == "v":
        yield f"    {call}\n}}\n\n"
        return
    result = f"ffis_words[{len(kernel.parameters) + 1}]"
    yield f"    {kernel.returns.spelling} ffis_result = {call}"
    yield f"    __builtin_memcpy(&{result}, &ffis_result, sizeof ffis_result);\n}}\n\n"


def _step_name(kernel: Prototype) -> str:
    return f"ffis_step_{kernel_name(kernel)}"
