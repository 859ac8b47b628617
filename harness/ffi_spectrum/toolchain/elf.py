"""What an ELF file says of the machine and the libraries that it needs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from elftools.common.exceptions import ELFError
from elftools.elf.dynamic import DynamicSection
from elftools.elf.elffile import ELFFile
from elftools.elf.gnuversions import GNUVerNeedSection

from ffi_spectrum.errors import BuildError

_MACHINES = {"EM_X86_64": "x86_64", "EM_AARCH64": "aarch64"}


@dataclass(frozen=True, slots=True)
class Elf:
    """`machine` is as platform.machine() says it, `glibc` the newest version whose symbols it asks for ((0, 0): none).

    `needed` are the names of libraries, `runpaths` the folders to look for them.
    """

    bits: int
    machine: str
    needed: tuple[str, ...]
    runpaths: tuple[str, ...]
    glibc: tuple[int, int]


def read_elf(path: Path) -> Elf:
    """Raises BuildError for what is no ELF file."""
    needed: list[str] = []
    runpaths: list[str] = []
    versions = [(0, 0)]
    try:
        with path.open("rb") as file:
            elf = ELFFile(file)
            for section in elf.iter_sections():
                if isinstance(section, DynamicSection):
                    needed += _names(section, "DT_NEEDED")
                    runpaths += _names(section, "DT_RUNPATH") + _names(section, "DT_RPATH")
                if isinstance(section, GNUVerNeedSection):
                    versions += [_glibc(one.name) for _, needs in section.iter_versions() for one in needs]
            machine = elf["e_machine"]
            return Elf(elf.elfclass, _MACHINES.get(machine, machine), tuple(needed), tuple(runpaths), max(versions))
    except (OSError, ELFError) as error:
        raise BuildError(f"{path} cannot be read as an ELF file: {error}") from error


def _names(section: DynamicSection, kind: str) -> list[str]:
    """The texts of all entries of a kind; the library keeps each in an attribute of the kind's name."""
    return [str(getattr(tag, kind.removeprefix("DT_").lower())) for tag in section.iter_tags(kind)]


def _glibc(name: str) -> tuple[int, int]:
    found = re.fullmatch(r"GLIBC_(\d+)\.(\d+)(\.\d+)?", name)
    return (int(found[1]), int(found[2])) if found else (0, 0)
