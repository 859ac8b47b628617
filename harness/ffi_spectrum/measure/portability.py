"""Which artifact moves to another system, CPU or Python: every claim with the trial that supports it, or untested."""

from __future__ import annotations

import sys
from pathlib import Path

from ffi_spectrum.errors import BuildError
from ffi_spectrum.measure.moved_guest import COMPILED_CLAIMS, GUEST_CLAIMS
from ffi_spectrum.measure.site import Claim, Finding, Site, run_program
from ffi_spectrum.rungs.table import rung_class
from ffi_spectrum.toolchain.elf import read_elf
from ffi_spectrum.toolchain.probe import probe_program

LIBRARY, EXTENSION, CFFI, WORKER = "libffis.so", "C extension", "cffi module", "worker program"
NO_PYTHON = "no other Python with what it needs here; name one with --python"
_BACKEND = "No module named '_cffi_backend'"
GLIBC = (2, 28)  # what the target's triple asks for
_LOAD = "import ctypes, sys; print(hex(ctypes.CDLL(sys.argv[1]).ffis_crc32(b'123456789', 9) & 0xFFFFFFFF))"
# The check value of this CRC, https://reveng.sourceforge.io/crc-catalogue/17plus.htm (CRC-32/ISO-HDLC)
_CRC = "0xcbf43926"
_IMPORT = """
import sys
from importlib.machinery import ExtensionFileLoader
from importlib.util import module_from_spec, spec_from_file_location
name, path = sys.argv[1:]
spec = spec_from_file_location(name, path, loader=ExtensionFileLoader(name, path))
module = module_from_spec(spec)
spec.loader.exec_module(module)
call = module.add if hasattr(module, "add") else module.lib.ffis_add
print(call(2, 3))
"""


def library_elsewhere(site: Site) -> Finding:
    """The other CPU's library is brought here instead: the loader refuses it."""
    foreign = site.built_for(site.other_cpu).native_library().path
    machine = read_elf(foreign).machine
    try:
        run_program([sys.executable, "-I", "-c", _LOAD, str(foreign)])
    except BuildError:  # glibc's message, "No such file", does not tell what it minds
        return Finding("no", True, f"the loader refuses here what was built for {machine}")
    return Finding("yes", True, f"the loader takes here what was built for {machine}")


def library_rebuilt(site: Site) -> Finding:
    elf = read_elf(site.built_for(site.other_cpu).native_library().path)
    if elf.machine != site.other_cpu:
        return Finding("no", True, f"the library that was built for {site.other_cpu} is for {elf.machine}")
    if not site.emulator:
        why = f"built here, its ELF header names {elf.machine}; no qemu-{site.other_cpu} to run it"
        return Finding("yes", False, why)
    return _same_results(site, f"{site.other_cpu}_musl", f"under {Path(site.emulator).name}", [site.emulator])


def library_musl(site: Site) -> Finding:
    needed = read_elf(site.toolchain.native_library().path).needed
    if "libc.so.6" in needed:
        return Finding("no", True, f"it asks for {', '.join(needed)}, which is glibc's; musl's is libc.so")
    return Finding("yes", True, "it asks for no C library")


def library_rebuilt_musl(site: Site) -> Finding:
    elf = read_elf(site.built_for(f"{site.cpu}_musl").native_library().path)
    if elf.needed != ("libc.so",) or elf.glibc > (0, 0):
        return Finding("no", True, f"the library that was built for musl asks for {', '.join(elf.needed)}")
    return _same_results(site, f"{site.cpu}_musl", "here, statically linked", [])


def _same_results(site: Site, target: str, where: str, emulator: list[str]) -> Finding:
    program, own = (probe_program(site.built_for(name)).path for name in (target, site.cpu))
    if needed := read_elf(program).needed:
        return Finding("no", True, f"the program for {target} asks for {', '.join(needed)}")
    if run_program([*emulator, str(program)]) != run_program([str(own)]):
        return Finding("no", True, f"built for {target}, kernels return other values {where}")
    return Finding("yes", True, f"built for {target}, kernels return the same bits {where}")


def library_glibc(site: Site) -> Finding:
    newest = read_elf(site.toolchain.native_library().path).glibc
    text = ".".join(map(str, newest))
    return Finding("yes" if newest <= GLIBC else "no", True, f"the newest symbol that it asks for is of glibc {text}")


def library_system(site: Site) -> Finding:
    return Finding("no", False, "it is an ELF file for Linux; there was no other system to try")


def library_python(site: Site) -> Finding:
    """A library knows nothing of Python."""
    path = str(site.toolchain.native_library().path)
    for other in site.interpreters:
        if run_program([other.program, "-I", "-c", _LOAD, path]).strip() != _CRC:
            return Finding("no", True, f"{other.title} gets a wrong result through ctypes")
    if not site.interpreters:
        return Finding("yes", False, NO_PYTHON)
    return Finding("yes", True, f"called through ctypes by {', '.join(other.title for other in site.interpreters)}")


def extension_python(site: Site) -> Finding:
    """Whatever other Pythons do with it, only the stable ABI is promised from one minor version to the next."""
    seen, _ = _imported(site, "cext")
    if not seen:
        return Finding("not promised", False, NO_PYTHON)
    return Finding("not promised", True, f"{', '.join(seen)}; built for CPython {sys.version.split()[0]}")


def cffi_python(site: Site) -> Finding:
    """The source that cffi writes asks for the stable ABI: https://cffi.readthedocs.io/en/latest/cdef.html."""
    seen, is_taken = _imported(site, "cffi_api")
    if not seen:
        return Finding("yes", False, f"cffi's source asks for CPython's stable ABI; {NO_PYTHON}")
    return Finding("yes" if is_taken else "no", True, f"{', '.join(seen)}; cffi's source asks for CPython's stable ABI")


def _imported(site: Site, rung: str) -> tuple[list[str], bool]:
    """What other Pythons do with the rung's extension, and whether all of them call it rightly."""
    built = rung_class(rung).build(site.toolchain)["extension"].path
    seen, is_taken = [], True
    for other in site.interpreters:
        try:
            answer = run_program([other.program, "-I", "-c", _IMPORT, built.stem, str(built)]).strip()
        except BuildError as refusal:
            if _BACKEND in str(refusal):
                continue  # it has no cffi, which the module needs in any Python
            answer = "refusal"
        is_taken &= answer == "5"
        seen.append(f"{other.title} {'takes it' if answer == '5' else 'refuses it or gets wrong results'}")
    return seen, is_taken


def extension_cpu(site: Site) -> Finding:
    machine = read_elf(rung_class("cext").build(site.toolchain)["extension"].path).machine
    return Finding("no", False, f"its ELF header names {machine}; to build it for another takes that CPU's Python.h")


def extension_folder(site: Site) -> Finding:
    """It names the library that it was linked with by its full path."""
    elf = read_elf(rung_class("cext").build(site.toolchain)["extension"].path)
    fixed = [name for name in (*elf.needed, *elf.runpaths) if name.startswith("/")]
    if fixed:
        return Finding("no", True, "it looks for libffis.so in the folder where that was when it was linked")
    return Finding("yes", True, "it names no folder")


def worker_python(site: Site) -> Finding:
    needed = read_elf(rung_class("uds").build(site.toolchain)["worker"].path).needed
    names = ", ".join(Path(name).name for name in needed)
    moves = any("python" in name for name in needed)
    return Finding("no" if moves else "yes", True, f"it asks for {names}")


CLAIMS = (
    *GUEST_CLAIMS,
    *COMPILED_CLAIMS,
    Claim(LIBRARY, "another CPU", library_elsewhere),
    Claim(LIBRARY, "another CPU, built again", library_rebuilt),
    Claim(LIBRARY, "a Linux with musl", library_musl),
    Claim(LIBRARY, "a Linux with musl, built again", library_rebuilt_musl),
    Claim(LIBRARY, "an older Linux, glibc 2.28", library_glibc),
    Claim(LIBRARY, "another OS", library_system),
    Claim(LIBRARY, "another Python", library_python),
    Claim(EXTENSION, "another Python", extension_python),
    Claim(EXTENSION, "another CPU", extension_cpu),
    Claim(EXTENSION, "another folder than libffis.so", extension_folder),
    Claim(CFFI, "another Python", cffi_python),
    Claim(WORKER, "another Python", worker_python),
)
