"""Claims about WebAssembly: the module that is the same everywhere, and the machine code made of it."""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
from importlib import import_module
from pathlib import Path

import ffi_spectrum
from ffi_spectrum.errors import BuildError, Unavailable
from ffi_spectrum.measure.child import run_child
from ffi_spectrum.measure.instance import Instance, first_way
from ffi_spectrum.measure.site import Claim, Finding, Site, run_program
from ffi_spectrum.rungs.table import rung_class
from ffi_spectrum.toolchain import sources

GUEST, COMPILED = "ffis.wasm", "ffis.cwasm"
ENGINES = {"wasmtime": "as machine code", "wasmtime_pulley": "on Pulley", "pywasm": "in pywasm, which is Python"}
_PYWASM = """
import sys
from pywasm import ModuleDesc, Runtime
with open(sys.argv[1], "rb") as file:
    module = ModuleDesc.from_reader(file)
runtime = Runtime()
print(runtime.invocate(runtime.instance(module), "ffis_add", [2, 3])[0])
"""


def same_bytes(site: Site) -> Finding:
    """Build again from a copy of the sources, in another folder, with another HOME, TMPDIR and locale."""
    here = str(site.toolchain.guest_module().facts["sha256"])
    with tempfile.TemporaryDirectory(dir=site.scratch) as folder:
        tree = Path(folder) / "another checkout"
        copy_sources(tree)
        for name in ("home", "tmp"):
            (tree / name).mkdir()
        moved = {"HOME": str(tree / "home"), "TMPDIR": str(tree / "tmp"), "LC_ALL": "tr_TR.UTF-8", "TZ": "Asia/Tokyo"}
        row, path = {"cache": str(tree / "cache")}, [str(tree / "harness"), *sys.path]
        there, root = run_child("ffi_spectrum.measure.costs_worker:guest_sha256", row, 300.0, moved, path)
        if Path(root) != tree.resolve():
            raise BuildError(f"the copy of the sources was not used, but {root}")
    text = f"built again in another folder, HOME, TMPDIR, locale and checkout: sha256 {there[:12]}"
    return Finding("yes" if there == here else "no", True, f"{text} {'both times' if there == here else 'is another'}")


def copy_sources(tree: Path) -> None:
    """The package and the C sources as a checkout of their own."""
    package = Path(ffi_spectrum.__file__).parent
    unneeded = shutil.ignore_patterns("__pycache__", "_sources")
    shutil.copytree(package, tree / "harness" / "ffi_spectrum", ignore=unneeded)
    for name in ("native", "wasm"):
        shutil.copytree(sources.source_root() / name, tree / name)


def guest_cpu(site: Site) -> Finding:
    """Three machines that have nothing in common but WebAssembly."""
    ran = []
    for rung, machine in ENGINES.items():
        try:
            artifacts = rung_class(rung).build(site.toolchain)
            instance = Instance(first_way(rung), artifacts)
        except Unavailable:
            continue
        instance.check()
        instance.close()
        ran.append(machine)
    if not ran:
        return Finding("yes", False, "no engine here")
    return Finding("yes", True, f"its results are right {', '.join(ran)}; no other real CPU was at hand")


def guest_system(site: Site) -> Finding:
    return Finding("yes", False, "it has no imports, so it asks nothing of a system; there was no other to try")


def guest_python(site: Site) -> Finding:
    """In every other Python that has pywasm."""
    path = str(rung_class("pywasm").build(site.toolchain)["guest"].path)
    ran = []
    for other in site.interpreters:
        try:
            answer = run_program([other.program, "-I", "-c", _PYWASM, path]).strip()
        except BuildError as refusal:
            if "No module named 'pywasm'" in str(refusal):
                continue
            return Finding("no", True, f"{other.title}: {refusal}")
        if answer != "5":
            return Finding("no", True, f"{other.title} gets {answer} for 2 + 3")
        ran.append(other.title)
    if not ran:
        return Finding("yes", False, "no other Python with pywasm here; name one with --python")
    return Finding("yes", True, f"run by pywasm in {', '.join(ran)}")


def compiled_cpu(site: Site) -> Finding:
    """Code for this CPU is given to the interpreter of another one."""
    path = rung_class("wasmtime").build(site.toolchain)["compiled"].path  # first: Unavailable where wasmtime is missing
    guest = import_module("ffi_spectrum.rungs.guest")
    try:
        guest.load_compiled(path, guest.PULLEY)
    except Unavailable:
        return Finding("no", True, f"code for {site.cpu} is refused by an engine for {guest.PULLEY}")
    return Finding("yes", True, f"code for {site.cpu} is taken by an engine for {guest.PULLEY}")


def compiled_release(site: Site) -> Finding:
    """A copy whose header names another major release: that is all of the release that the header has."""
    compiled = rung_class("wasmtime").build(site.toolchain)["compiled"]
    guest = import_module("ffi_spectrum.rungs.guest")
    content = compiled.path.read_bytes()
    major = str(compiled.facts["version"]).partition(".")[0].encode()
    found = list(re.finditer(re.escape(bytes([len(major)]) + major), content))
    if len(found) != 1:
        return Finding("no", False, "its header could not be read")
    with tempfile.TemporaryDirectory(dir=site.scratch) as folder:
        copy = Path(folder) / COMPILED
        start, end = found[0].start() + 1, found[0].end()
        copy.write_bytes(content[:start] + b"1" * len(major) + content[end:])
        copy.chmod(0o600)
        try:
            guest.load_compiled(copy)
        except Unavailable:
            return Finding("no", True, "a copy whose header names another major release is refused")
    return Finding("yes", True, "a copy whose header names another major release is taken")


def compiled_system(site: Site) -> Finding:
    return Finding("no", False, "it is code for this system's calling convention; there was no other to try")


GUEST_CLAIMS = (
    Claim(GUEST, "another folder, user, checkout", same_bytes),
    Claim(GUEST, "another CPU", guest_cpu),
    Claim(GUEST, "another OS", guest_system),
    Claim(GUEST, "another Python", guest_python),
)
COMPILED_CLAIMS = (
    Claim(COMPILED, "another CPU", compiled_cpu),
    Claim(COMPILED, "another wasmtime", compiled_release),
    Claim(COMPILED, "another OS", compiled_system),
)
