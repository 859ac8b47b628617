"""What validation measures: a no-op through ctypes, an empty Python function, and a known delay."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from ffi_spectrum.measure.snippet import Snippet, call
from ffi_spectrum.toolchain import sources
from ffi_spectrum.toolchain.build import Toolchain

_DELAY = "_ffis_delay"


@dataclass(frozen=True, slots=True)
class Subjects:
    """Snippets for light processes; `copy` is the same library as a file of its own, loaded at another address."""

    ctypes_noop: Snippet
    ctypes_noop_copy: Snippet
    python_noop: Snippet
    python_noop_twin: Snippet
    delay_path: Path

    def pair(self) -> list[Snippet]:
        """The pair that peers are compared on: a ctypes no-op, and a Python no-op."""
        return [self.ctypes_noop, self.python_noop]

    def identical(self) -> list[Snippet]:
        """The pair, and a twin of each."""
        return [self.ctypes_noop, self.python_noop, self.ctypes_noop_copy, self.python_noop_twin]

    def delay(self, steps: int) -> Snippet:
        """A call of the C extension that waits for `steps` dependent multiplications between fences."""
        return call("delay(steps)", setup=f"{_load(self.delay_path)}; delay = module.delay; steps = {steps}")

    def delay_loop(self, steps: int, times: int) -> Snippet:
        """The same chain `times` times in one crossing: a call's time is that of the loop in C."""
        setup = f"{_load(self.delay_path)}; loop = module.delay_loop; steps, times = {steps}, {times}"
        return call("loop(steps, times)", setup=setup)


def build_subjects(toolchain: Toolchain, scratch: Path) -> Subjects:
    """Compile what is needed; `scratch` receives the copy of the library. Raises BuildError and Unavailable."""
    library = toolchain.native_library().path
    copy = scratch / "libffis_copy.so"
    shutil.copy(library, copy)
    delay = toolchain.extension(_DELAY, sources.support_source("delay.c").read_text())
    return Subjects(
        call("noop()", setup=ctypes_setup(library)),
        call("noop()", setup=ctypes_setup(copy)),
        call("noop()", setup="def noop(): pass"),
        call("noop()", setup="def noop(): pass"),
        delay.path,
    )


def ctypes_setup(library: Path) -> str:
    """Setup code that binds `noop` to the library's no-op, typed."""
    load = f"import ctypes; noop = ctypes.CDLL({str(library)!r}).ffis_noop"
    return f"{load}; noop.argtypes = []; noop.restype = None"


def _load(path: Path) -> str:
    return f"import sys; sys.path.append({str(path.parent)!r}); import {path.stem} as module"
