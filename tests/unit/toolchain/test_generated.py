"""The generated loops call the kernel as often as they say: on the timed build, with nothing inlined or hoisted."""

from __future__ import annotations

import ctypes
import re
import shutil
import subprocess
from typing import Any

import pytest

from ffi_spectrum.rungs.ctypes import SCALARS
from ffi_spectrum.toolchain.build import Toolchain
from ffi_spectrum.toolchain.generated import all_prototypes, counting_source, loops_source
from ffi_spectrum.toolchain.header import Prototype
from ffi_spectrum.toolchain.target import WASM32

TOOLCHAIN = Toolchain()
KERNELS = TOOLCHAIN.kernels(TOOLCHAIN.target)
CALLS = 11


def by_name(kernels: tuple[Prototype, ...]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("kernel", kernels, ids=lambda kernel: kernel.symbol)


def ctype_of(code: str) -> Any:
    return ctypes.c_void_p if code == "p" else SCALARS[code]


@by_name(KERNELS)
def test_repeat_calls_through_the_pointer_each_time(kernel: Prototype) -> None:
    """A Python function stands in for the kernel: it is entered N times, each time with the arguments given."""
    types = [ctype_of(p.type.code) for p in kernel.parameters]
    seen: list[tuple[Any, ...]] = []

    def stand_in(*arguments: Any) -> Any:
        seen.append(arguments)
        return None if kernel.returns.kind == "v" else len(seen)

    callback = ctypes.CFUNCTYPE(ctype_of(kernel.returns.code), *types)(stand_in)
    library = ctypes.CDLL(str(TOOLCHAIN.native_library().path))
    repeat = library[f"ffis_repeat_{kernel.symbol.removeprefix('ffis_')}"]
    repeat.argtypes = [ctypes.c_void_p, ctypes.c_uint64, *types]
    repeat.restype = ctype_of(kernel.returns.code)
    arguments = tuple(range(64, 64 + len(types)))
    last = repeat(ctypes.cast(callback, ctypes.c_void_p), CALLS, *arguments)
    assert seen == [arguments] * CALLS
    assert last == (None if kernel.returns.kind == "v" else CALLS)
    repeat(ctypes.cast(callback, ctypes.c_void_p), 0, *arguments)
    assert len(seen) == CALLS


@by_name(TOOLCHAIN.kernels(WASM32))
def test_the_guests_repeat_calls_through_the_table_each_time(kernel: Prototype) -> None:
    """The same in the guest, with a host function put into its exported table."""
    wasmtime = pytest.importorskip("wasmtime", reason="wasmtime runs the guest")
    store = wasmtime.Store()
    module = wasmtime.Module.from_file(store.engine, str(TOOLCHAIN.guest_module().path))
    exports = wasmtime.Instance(store, module, []).exports(store)
    codes = {"i32": wasmtime.ValType.i32, "i64": wasmtime.ValType.i64, "f32": wasmtime.ValType.f32}
    codes |= {"u32": codes["i32"], "u64": codes["i64"], "f64": wasmtime.ValType.f64, "p": codes["i32"]}
    seen: list[tuple[Any, ...]] = []

    def stand_in(*arguments: Any) -> Any:
        seen.append(arguments)
        return {"v": None, "f": float(len(seen))}.get(kernel.returns.kind, len(seen))

    results = [] if kernel.returns.kind == "v" else [codes[kernel.returns.code]()]
    kind = wasmtime.FuncType([codes[p.type.code]() for p in kernel.parameters], results)
    index = exports["__indirect_function_table"].grow(store, 1, wasmtime.Func(store, kind, stand_in))
    repeat = exports[f"ffis_repeat_{kernel.symbol.removeprefix('ffis_')}"]
    arguments = tuple(float(64 + i) if p.type.kind == "f" else 64 + i for i, p in enumerate(kernel.parameters))
    last = repeat(store, index, CALLS, *arguments)
    assert seen == [arguments] * CALLS
    assert last == (None if kernel.returns.kind == "v" else CALLS)


@pytest.fixture(scope="module")
def disassembly() -> dict[str, str]:
    """The machine code of every exported function, by symbol, as objdump prints it."""
    objdump = shutil.which("objdump")
    if objdump is None:
        pytest.skip("no objdump: install binutils to look at the loops' machine code")
    command = [objdump, "-d", "--no-show-raw-insn", str(TOOLCHAIN.native_library().path)]
    text = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
    parts = re.split(r"^[0-9a-f]+ <(\w+)(?:@@\w+)?>:$", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


@by_name(KERNELS)
def test_machine_code_of_the_loops(kernel: Prototype, disassembly: dict[str, str]) -> None:
    """Each loop holds exactly one call, through a register or to the kernel, between two jumps' ends."""
    name = kernel.symbol.removeprefix("ffis_")
    indirect, direct = disassembly[f"ffis_repeat_{name}"], disassembly[f"ffis_direct_{name}"]
    through_pointer = re.findall(r"\b(?:call\s+\*|blr\s)", indirect)
    assert len(through_pointer) == 1, indirect
    to_kernel = re.findall(rf"\b(?:call|bl)\s+[0-9a-f]+ <{kernel.symbol}(?:@@\w+|@plt)?>", direct)
    assert len(to_kernel) == 1, direct
    for code in (indirect, direct):
        assert is_inside_a_loop(code), code


def is_inside_a_loop(code: str) -> bool:
    """True where a jump goes back over the call."""
    lines = [(int(at, 16), text) for at, text in re.findall(r"^\s*([0-9a-f]+):\s+(.*)$", code, flags=re.MULTILINE)]
    calls = [at for at, text in lines if re.match(r"(call|blr?)\s", text)]
    back = [
        (int(target[1], 16), at)
        for at, text in lines
        if (target := re.match(r"(?:j\w+|b\.\w+|cbn?z\s+\w+,|b)\s+([0-9a-f]+) <", text))
    ]
    return any(start <= call < end for start, end in back for call in calls)


def test_a_call_outside_of_a_loop_is_noticed() -> None:
    once = "  10:\tcall   *%rax\n  12:\tdec    %rbx\n  14:\tjne    12 <f+0x2>\n"
    assert not is_inside_a_loop(once)
    assert is_inside_a_loop(once.replace("jne    12", "jne    10"))


def test_sources_name_every_kernel_once() -> None:
    loops, counting = loops_source(KERNELS, 8), counting_source(KERNELS)
    for kernel in KERNELS:
        name = kernel.symbol.removeprefix("ffis_")
        assert loops.count(f"(*ffis_{name}_fn)") == 1
        assert counting.count(f"ffis_counter_{name}++") == 1


@pytest.mark.parametrize(("counting", "per_kernel"), [(False, 4), (True, 5)])
def test_all_prototypes(counting: bool, per_kernel: int) -> None:
    found = all_prototypes(KERNELS, 8, counting)
    assert len(found) == len({p.symbol for p in found}) == per_kernel * len(KERNELS) + 1  # the replay
