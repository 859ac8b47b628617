"""What is compiled for whom: the flags that make native and Wasm builds of one source comparable."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from typing import Literal

from ffi_spectrum.errors import Unavailable

Build = Literal["timed", "counting", "ubsan", "asan"]

# No fast-math and no contraction: native and Wasm results stay bit-identical. Full optimisation on both sides.
COMMON_FLAGS = (
    "-std=c11", "-O3", "-ffp-contract=off", "-fno-math-errno",
    "-fomit-frame-pointer",  # gcc's default, and not Zig's: equal frames on both sides
    "-Wall", "-Wextra", "-Werror",
)  # fmt: skip
# Guest memory never grows: a view stays valid for as long as its store lives. Untouched pages cost nothing.
GUEST_MEMORY_NBYTES = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Target:
    """A platform to compile for; `triple` and `cpu` are Zig's words, `march` is the same CPU in gcc's and clang's."""

    name: str
    triple: str
    cpu: str
    march: str
    pointer_nbytes: int = 8

    @property
    def is_guest(self) -> bool:
        return self.triple.startswith("wasm32")


X86_64 = Target("x86_64", "x86_64-linux-gnu.2.28", "x86_64", "x86-64")
X86_64_V3 = Target("x86_64_v3", "x86_64-linux-gnu.2.28", "x86_64_v3", "x86-64-v3")
AARCH64 = Target("aarch64", "aarch64-linux-gnu.2.28", "generic", "armv8-a")
X86_64_MUSL = Target("x86_64_musl", "x86_64-linux-musl", "x86_64", "x86-64")
AARCH64_MUSL = Target("aarch64_musl", "aarch64-linux-musl", "generic", "armv8-a")
WASM32 = Target("wasm32", "wasm32-freestanding", "generic", "", pointer_nbytes=4)

TARGETS = {target.name: target for target in (X86_64, X86_64_V3, X86_64_MUSL, AARCH64, AARCH64_MUSL, WASM32)}

GUEST_FLAGS = (
    "-msimd128",
    "-mbulk-memory",
    "-mllvm",
    "-force-vector-interleave=4",  # 5 % to 40 % on element-wise loops under Cranelift, which does not unroll
    "-nostdlib",
    "-Wl,--no-entry",
    "-Wl,--strip-all",
    "-Wl,-z,stack-size=65536",
    "-Wl,--export-table",
    "-Wl,--growable-table",  # so that a later callback needs no import
)


def host_target() -> Target:
    """The baseline target of this machine; raises Unavailable where no native build is supported."""
    machine = platform.machine()
    if platform.system() == "Linux" and machine in ("x86_64", "aarch64"):
        return TARGETS[machine]
    raise Unavailable(f"native builds support Linux on x86_64 and aarch64, this is {platform.system()} on {machine}")
