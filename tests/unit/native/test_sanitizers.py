"""The C tests under the sanitizers of every compiler at hand, and proof that each of them can fail."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from ffi_spectrum.toolchain import sources
from ffi_spectrum.toolchain.build import Toolchain, probe
from ffi_spectrum.toolchain.compiler import find_compiler

WARNINGS = "-std=c11 -Wall -Wextra -Werror -Wconversion -Wshadow"
# Zig ships no ASan runtime; its UBSan reports and goes on unless told otherwise.
SANITIZERS = {"zig": "undefined", "gcc": "address,undefined", "clang": "address,undefined"}
# (file, as it is, as it must not be, who notices)
MUTATIONS = [
    pytest.param("element.h", "(int64_t)((uint64_t)a + (uint64_t)b)", "a + b", "undefined", id="signed overflow"),
    pytest.param("saxpy.c", "i < size", "i <= size", "address", id="one element too far"),
    pytest.param("crc32.c", "0xFFu]", "0x1FFu]", "undefined", id="index outside of the table"),
]


def compiler_or_skip(name: str) -> str:
    """`name`, or a skip with the reason that there is no such compiler."""
    if shutil.which(name) is None and name != "zig":
        pytest.skip(probe(name))
    return name


def build_and_run(native: Path, cc: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Compile the C tests of the tree `native` with the sanitizers of `cc`, and run them."""
    program = folder / f"test_kernels_{cc}"
    flags = f"{WARNINGS} -g -O1 -fsanitize={SANITIZERS[cc]} -fno-sanitize-recover=all -ffp-contract=off".split()
    files = [*sorted((native / "kernels").glob("*.c")), native / "tests" / "test_kernels.c"]
    arguments = [*flags, f"-I{native / 'include'}", *map(str, files), "-lm", "-o", str(program)]
    find_compiler(cc).run(arguments, Toolchain().cache.zig)
    return subprocess.run([str(program)], capture_output=True, text=True, timeout=120)


@pytest.mark.parametrize("cc", SANITIZERS)
def test_c_tests_pass(cc: str, tmp_path: Path) -> None:
    done = build_and_run(sources.source_root() / "native", compiler_or_skip(cc), tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith(" passed, 0 failed\n")
    assert done.stderr == ""


@pytest.mark.parametrize(("name", "right", "wrong", "kind"), MUTATIONS)
@pytest.mark.parametrize("cc", SANITIZERS)
def test_a_broken_kernel_is_noticed(cc: str, name: str, right: str, wrong: str, kind: str, tmp_path: Path) -> None:
    """Without the sanitizer a wrapped sum is right; one element too far meets a guard page in every build."""
    compiler_or_skip(cc)
    native = tmp_path / "native"
    shutil.copytree(sources.source_root() / "native", native)
    kernel = native / "kernels" / name
    assert right in kernel.read_text()
    kernel.write_text(kernel.read_text().replace(right, wrong))
    done = build_and_run(native, cc, tmp_path)
    assert done.returncode != 0, done.stdout
    if kind == "undefined":
        assert "0 failed" not in done.stdout
