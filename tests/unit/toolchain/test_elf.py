"""What ELF headers say is what the target's name promises."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from ffi_spectrum.errors import BuildError
from ffi_spectrum.toolchain.build import Toolchain
from ffi_spectrum.toolchain.elf import read_elf
from ffi_spectrum.toolchain.probe import probe_program


@pytest.mark.parametrize(
    ("target", "machine", "needed"),
    [
        ("x86_64", "x86_64", ("libc.so.6",)),
        ("x86_64_musl", "x86_64", ("libc.so",)),
        ("aarch64", "aarch64", ("libc.so.6",)),
        ("aarch64_musl", "aarch64", ("libc.so",)),
    ],
)
def test_a_library_is_for_its_target(target: str, machine: str, needed: tuple[str, ...]) -> None:
    elf = read_elf(Toolchain(target=target).native_library().path)
    assert (elf.bits, elf.machine, elf.needed, elf.runpaths) == (64, machine, needed, ())
    assert elf.glibc <= (2, 28)
    assert (elf.glibc > (0, 0)) == ("libc.so.6" in needed)


@pytest.mark.parametrize(("target", "machine"), [("x86_64_musl", "x86_64"), ("aarch64_musl", "aarch64")])
def test_a_probe_for_musl_needs_no_library(target: str, machine: str) -> None:
    elf = read_elf(probe_program(Toolchain(target=target)).path)
    assert (elf.machine, elf.needed, elf.glibc) == (machine, (), (0, 0))


def test_the_newest_symbol_counts() -> None:
    """This Python is linked with a newer glibc than the oldest that our libraries ask for."""
    elf = read_elf(Path(sys.executable).resolve())
    assert elf.glibc > (2, 2)
    assert any(name.startswith("libc.so") for name in elf.needed)


def test_what_is_no_elf_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("text")
    for path in (tmp_path / "text", tmp_path / "none"):
        with pytest.raises(BuildError, match="cannot be read as an ELF file"):
            read_elf(path)
