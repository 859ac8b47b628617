"""The worker's and the thunks' C code: more warnings than the build asks for, and the thunks under the sanitizers.

The worker itself is run under them by the tests beside this one.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ffi_spectrum.toolchain import sources
from ffi_spectrum.toolchain.build import Toolchain
from ffi_spectrum.toolchain.compiler import find_compiler
from ffi_spectrum.toolchain.remote import thunk_library
from ffi_spectrum.toolchain.target import Build
from ffi_spectrum.toolchain.thunks import thunks_source

from ...conformance.test_sanitized import asan_environment, passed
from .running_worker import SHAPES
from .test_sanitizers import SANITIZERS, WARNINGS, compiler_or_skip

TREE = Path(__file__).resolve().parents[3]
THUNK_TESTS = "tests/unit/toolchain/test_thunks.py"


@pytest.mark.parametrize("defines", [[], ["-DFFIS_FAULTS"]], ids=["plain", "faults"])
@pytest.mark.parametrize("cc", SANITIZERS)
def test_it_compiles_without_a_warning(cc: str, defines: list[str], tmp_path: Path) -> None:
    toolchain, native = Toolchain(), sources.source_root() / "native"
    generated = tmp_path / "thunks.c"
    kernels = toolchain.kernels(toolchain.target)
    generated.write_text(thunks_source(kernels, SHAPES, "0" * 64, counting=bool(defines)))
    flags = [*WARNINGS.split(), "-O2", "-D_GNU_SOURCE", *defines, f"-I{native / 'include'}", f"-I{native / 'support'}"]
    compiler = find_compiler(compiler_or_skip(cc))
    for file in (generated, native / "support" / "worker.c"):
        compiler.run([*flags, "-c", str(file), "-o", str(tmp_path / "object.o")], toolchain.cache.zig)


def run_thunk_tests(build: str, cc: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """test_thunks.py on another build, but for the tests that compile: no compiler is to run with ASan preloaded."""
    options = ["--build", build, "--cc", cc, "-k", "not counted", "-q", "-s", "-p", "no:cacheprovider"]
    return subprocess.run(
        [sys.executable, "-m", "pytest", THUNK_TESTS, *options],
        capture_output=True, text=True, timeout=240, cwd=TREE, env={**os.environ, **environment},
    )  # fmt: skip


@pytest.mark.parametrize(("build", "cc"), [("ubsan", "zig"), ("asan", "gcc"), ("asan", "clang")])
def test_the_thunks_pass_their_tests(build: Build, cc: str) -> None:
    environment = asan_environment(cc) if build == "asan" else {}
    thunk_library(Toolchain(cc, build), SHAPES)
    done = run_thunk_tests(build, cc, environment)
    assert done.returncode == 0, done.stdout + done.stderr
    assert passed(done) > 150
