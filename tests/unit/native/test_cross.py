"""The C tests built for another C library and another CPU; these run where user-mode emulation is installed."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from ffi_spectrum.measure.site import Site
from ffi_spectrum.toolchain import sources
from ffi_spectrum.toolchain.build import Toolchain
from ffi_spectrum.toolchain.compiler import find_compiler
from ffi_spectrum.toolchain.target import TARGETS


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(Toolchain(), tmp_path)


def run_c_tests(target: str, emulator: list[str], folder: Path) -> str:
    """Build the C tests for a musl target as one static program, run it, and return what it prints last."""
    native, program = sources.source_root() / "native", folder / "test_kernels"
    compiler = find_compiler("zig")
    flags = [flag for flag in compiler.flags(TARGETS[target], "timed") if flag not in ("-shared", "-Wl,--strip-all")]
    files = [*sorted((native / "kernels").glob("*.c")), native / "tests" / "test_kernels.c"]
    arguments = [*flags, "-static", f"-I{native / 'include'}", *map(str, files), "-o", str(program)]
    compiler.run(arguments, Toolchain().cache.zig)
    done = subprocess.run([*emulator, str(program)], capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.splitlines()[-1]


def test_c_tests_pass_with_musl(site: Site, tmp_path: Path) -> None:
    assert run_c_tests(f"{site.cpu}_musl", [], tmp_path).endswith(" passed, 0 failed")


def test_c_tests_pass_on_the_other_cpu(site: Site, tmp_path: Path) -> None:
    if not site.emulator:
        pytest.skip(f"no qemu-{site.other_cpu}: install qemu-user")
    assert run_c_tests(f"{site.other_cpu}_musl", [site.emulator], tmp_path).endswith(" passed, 0 failed")
