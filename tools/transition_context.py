"""Measure what stands around a release of the GIL does to its cost: is it the rung's doing, or its neighbours'?

    .venv/bin/python tools/transition_context.py

Each row is a difference of two ctypes calls of the same C function, in fresh processes: with the GIL released and with
it held. `dlopen` leaves the release to ctypes (CDLL against PyDLL); `in C` releases and takes it back in the function
itself, called through PyDLL both times; `dlopen less in C` is the one call less the other, EQUIVALENT within 3 ns (TOST
at 5 %). Then so many jumps are made before the release, in both calls.
"""

from __future__ import annotations

import sys

from ffi_spectrum import api
from ffi_spectrum.analysis.transition import MARGIN_NS
from ffi_spectrum.toolchain.build import Toolchain

JUMPS = (0, 32, 128, 512)
SOURCE = """\
#include <Python.h>
#include <stdint.h>

#define SHOWN __attribute__((visibility("default")))
#if defined(__x86_64__)
#define JUMP "jmp 1f\\n"
#else
#define JUMP "b 1f\\n"
#endif

static __attribute__((noinline)) void work(void) { __asm__ volatile("" ::: "memory"); }
%s"""
PAIR = """
static __attribute__((noinline)) void jump_{count}(void) {{
    __asm__ volatile(".rept {count}\\n" JUMP "nop\\nnop\\n1: nop\\n.endr" ::: "memory");
}}
SHOWN int64_t held_{count}(int64_t a, int64_t b) {{ jump_{count}(); work(); return a + b; }}
SHOWN int64_t released_{count}(int64_t a, int64_t b) {{
    jump_{count}();
    PyThreadState *state = PyEval_SaveThread();
    work();
    PyEval_RestoreThread(state);
    return a + b;
}}
"""
# What the call passes and takes back: as text, and what ctypes is told.
CALLS = {
    "f()": "f.restype = None",
    "f(a, b)": "f.restype = None",
    "f(a, b) typed": "f.argtypes = [ctypes.c_int64] * 2; f.restype = ctypes.c_int64",
}
SETUP = "import ctypes; a, b = 123456, 7890; f = ctypes.{loader}({path!r}).{symbol}; {types}"


def snippet(path: str, loader: str, symbol: str, call: str) -> api.Snippet:
    """The call in a fresh process; its result is not looked at, for `f()` passes nothing that could be added."""
    setup = SETUP.format(path=path, loader=loader, symbol=symbol, types=CALLS[call])
    return api.call(call.split(" typed")[0], setup=setup)


def row(name: str, left: api.Snippet, right: api.Snippet) -> str:
    """One line: the difference with its interval, and whether it lies within the margin."""
    found = api.measure(left, right, half_width_ns=0.3, margin_ns=MARGIN_NS, max_s=8.0)
    return (
        f"{name:34} {found.difference_ns:6.2f} ns [{found.difference_low_ns:.2f}, {found.difference_high_ns:.2f}]"
        f" beside {found.other_ns_per_call:6.1f} ns, {found.processes:3} processes"
        f"{', EQUIVALENT' if found.verdict == 'EQUIVALENT' else ''}"
    )


def main() -> int:
    source = SOURCE % "".join(PAIR.format(count=count) for count in JUMPS)
    path = str(Toolchain().extension("_ffis_transition", source).path)
    for call in CALLS:
        held, dlopen = (snippet(path, loader, "held_0", call) for loader in ("PyDLL", "CDLL"))
        in_c = snippet(path, "PyDLL", "released_0", call)
        for name, pair in (("dlopen", (dlopen, held)), ("in C", (in_c, held)), ("dlopen less in C", (dlopen, in_c))):
            print(row(f"{call}, {name}", *pair))
    for count in JUMPS:
        in_c, held = (snippet(path, "PyDLL", f"{state}_{count}", "f()") for state in ("released", "held"))
        print(row(f"f(), in C, {count} jumps before", in_c, held))
    return 0


if __name__ == "__main__":
    sys.exit(main())
