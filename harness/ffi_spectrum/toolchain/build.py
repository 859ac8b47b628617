"""Building everything that rungs need, each thing once."""

from __future__ import annotations

import hashlib
import json
import sys
import time
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from ffi_spectrum.errors import Unavailable
from ffi_spectrum.toolchain import generated, sources
from ffi_spectrum.toolchain.artifact import Artifact
from ffi_spectrum.toolchain.cache import Cache, default_cache_root
from ffi_spectrum.toolchain.compiler import Compiler, find_compiler, python_include
from ffi_spectrum.toolchain.header import Prototype, load_prototypes, prototypes_from_ast, save_prototypes
from ffi_spectrum.toolchain.target import GUEST_MEMORY_NBYTES, TARGETS, WASM32, Build, Target, host_target

# What these write is part of every library: a change of theirs makes new entries.
_GENERATORS = tuple(Path(__file__).with_name(name) for name in ("generated.py", "batch_source.py", "header.py"))


class Toolchain:
    """One compiler choice, one native target, one build kind, and the cache that holds what they make.

    Every method raises BuildError with the compiler's own message, or Unavailable where something is missing. So does
    `cache`, which is opened when it is first used: an unusable `cache_root` keeps away only the rungs that build.
    """

    def __init__(
        self, cc: str = "zig", build: Build = "timed", target: str = "", cache_root: Path | None = None
    ) -> None:
        self.cc = cc
        self.build: Build = build
        self.cache_root = cache_root or default_cache_root()
        self.target_name = target

    @cached_property
    def cache(self) -> Cache:
        return Cache(self.cache_root)

    @cached_property
    def target(self) -> Target:
        return TARGETS[self.target_name] if self.target_name else host_target()

    @cached_property
    def compiler(self) -> Compiler:
        return find_compiler(self.cc)

    @cached_property
    def guest_compiler(self) -> Compiler:
        """Zig, whatever builds the native side: gcc and many clangs have no wasm32."""
        return find_compiler("zig")

    def prototypes(self, target: Target) -> Artifact:
        """All prototypes of the library on `target`, as JSON (see header.load_prototypes)."""
        counting = self.build == "counting"

        def make(folder: Path) -> dict[str, Any]:
            unit = folder / "unit.c"
            unit.write_text('#include "ffis.h"\n')
            flags = ["-target", target.triple, f"-I{sources.header().parent}", "-Xclang", "-ast-dump=json"]
            # -E: Zig then hands the unit straight to clang; after -fsyntax-only 0.17.1 looks for an object file
            ast = self.guest_compiler.run([*flags, "-E", str(unit)], self.cache.zig)
            kernels = prototypes_from_ast(json.loads(ast), "ffis_", target.pointer_nbytes)
            everything = generated.all_prototypes(kernels, target.pointer_nbytes, counting)
            save_prototypes(everything, folder / "prototypes.json")
            return {"functions": len(everything)}

        watched = [sources.header(), *_GENERATORS]
        return self._artifact("prototypes.json", self.guest_compiler, target, watched, (), make, counting)

    def kernels(self, target: Target) -> tuple[Prototype, ...]:
        """The header's own prototypes on `target`, in its order."""
        everything = load_prototypes(self.prototypes(target).path, target.pointer_nbytes)
        return tuple(p for p in everything.values() if not generated.is_derived(p.symbol))

    def native_library(self) -> Artifact:
        """The kernels and their loops as one shared library, `libffis.so`."""
        return self._library("libffis.so", self.compiler, self.target, ())

    def guest_module(self, memory_nbytes: int = GUEST_MEMORY_NBYTES) -> Artifact:
        """The same kernels and loops as one WebAssembly module, `ffis.wasm`: no imports, fixed memory."""
        exported = [name for name in load_prototypes(self.prototypes(WASM32).path, 4) if "_direct_" not in name]
        exported += ["ffis_guest_alloc", "ffis_guest_mark", "ffis_guest_reset"]
        flags = [f"-Wl,--export={name}" for name in exported]
        flags += [f"-Wl,--initial-memory={memory_nbytes}", f"-Wl,--max-memory={memory_nbytes}"]
        return self._library("ffis.wasm", self.guest_compiler, WASM32, tuple(flags))

    def _library(self, name: str, compiler: Compiler, target: Target, link: tuple[str, ...]) -> Artifact:
        kernels = self.kernels(target)
        files = list(sources.kernel_sources()) + (list(sources.guest_sources()) if target.is_guest else [])
        include = sources.header().parent
        watched = files + sorted(include.glob("*.h")) + sorted(sources.header().parents[1].glob("kernels/*.h"))
        watched += _GENERATORS
        flags = compiler.flags(target, self.build) + link
        if not target.is_guest:
            flags += ("-Wl,-Bsymbolic",)  # a direct call is direct, and not through the PLT

        def make(folder: Path) -> dict[str, Any]:
            (folder / "loops.c").write_text(generated.loops_source(kernels, target.pointer_nbytes))
            extra, renames = [folder / "loops.c"], []
            arguments = [*flags, f"-I{include}"]
            if self.build == "counting":
                (folder / "counting.c").write_text(generated.counting_source(kernels))
                extra.append(folder / "counting.c")
                renames = [f"-D{kernel.symbol}={generated.renamed(kernel)}" for kernel in kernels]
            objects = self._compile_objects(compiler, arguments, renames, files, extra, folder)
            compiler.run([*arguments, *objects, "-o", str(folder / name)], self.cache.zig)
            for leftover in objects:
                Path(leftover).unlink()
            return {}

        return self._artifact(name, compiler, target, watched, flags, make, [kernel.declare() for kernel in kernels])

    def _compile_objects(
        self,
        compiler: Compiler,
        flags: list[str],
        renames: list[str],
        files: list[Path],
        extra: list[Path],
        folder: Path,
    ) -> list[str]:
        compile_only = [flag for flag in flags if not flag.startswith("-Wl,") and flag not in ("-shared", "-nostdlib")]
        objects = []
        for source in files + extra:
            target = folder / f"{source.stem}.o"
            defines = renames if source in files else []
            compiler.run([*compile_only, *defines, "-c", str(source), "-o", str(target)], self.cache.zig)
            objects.append(str(target))
        return objects

    def extension(self, module: str, source: str, library: Artifact | None = None) -> Artifact:
        """Compile generated C source into a CPython extension `module`, linked against `library` if given."""
        headers = python_include()
        name = f"{module}.so"
        flags = self.compiler.flags(self.target, "timed" if self.build != "asan" else "asan")
        flags = tuple(flag for flag in flags if flag != "-Wextra")  # CPython's own macros do not pass it
        link: tuple[str, ...] = ()
        if library:  # not -Wl,-rpath,DIR: that splits a folder's name at each comma
            link = (str(library.path), "-Xlinker", "-rpath", "-Xlinker", str(library.path.parent))

        def make(folder: Path) -> dict[str, Any]:
            (folder / f"{module}.c").write_text(source)
            # Debian's pyconfig.h includes <ARCH/pythonX.Y/pyconfig.h>, from where its own compilers look last
            paths = [f"-I{sources.header().parent}", f"-isystem{headers}", "-idirafter", str(headers.parent)]
            own = [*paths, str(folder / f"{module}.c")]
            self.compiler.run([*flags, *own, *link, "-o", str(folder / name)], self.cache.zig)
            return {"python": sys.version.split()[0]}

        extra = [source, sys.implementation.cache_tag, str(headers), list(link)]
        return self._artifact(name, self.compiler, self.target, (), flags, make, extra)

    def _artifact(
        self,
        name: str,
        compiler: Compiler,
        target: Target,
        watched: Sequence[Path],
        flags: Sequence[str],
        make: Callable[[Path], dict[str, Any]],
        extra: object,
    ) -> Artifact:
        digests = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in watched}
        facts = {
            "name": name, "compiler": compiler.name, "version": compiler.version, "flags": list(flags),
            "target": target.name, "triple": target.triple, "cpu": target.cpu, "build": self.build,
        }  # fmt: skip

        def timed(folder: Path) -> dict[str, Any]:
            start = time.perf_counter()
            more = make(folder)
            seconds = time.perf_counter() - start
            content = (folder / name).read_bytes()
            digest = hashlib.sha256(content).hexdigest()
            return {**facts, **more, "seconds": round(seconds, 3), "nbytes": len(content), "sha256": digest}

        entry = self.cache.get({"facts": facts, "sources": digests, "extra": extra}, timed)
        return Artifact(entry.folder / name, {**entry.facts, "was_cached": entry.was_cached})


def probe(cc: str) -> str:
    """The version of the compiler `cc`, or the reason that there is none."""
    try:
        return find_compiler(cc).version
    except Unavailable as absent:
        return absent.reason
