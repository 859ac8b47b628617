"""What the WebAssembly rungs build: the guest, its signatures, and its machine code ahead of time."""

from __future__ import annotations

import hashlib
import platform
import time
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import wasmtime

from ffi_spectrum.rungs.guest import HOST, MAX_WASM_STACK_NBYTES, engine
from ffi_spectrum.toolchain import sources
from ffi_spectrum.toolchain.artifact import Artifact
from ffi_spectrum.toolchain.target import WASM32

if TYPE_CHECKING:
    from ffi_spectrum.toolchain.build import Toolchain

CALL_MODULE = "_ffis_wasm_call"


def guest_artifacts(toolchain: Toolchain, target: str = HOST) -> dict[str, Artifact]:
    """`guest` (WebAssembly), `prototypes` (as the guest sees them) and `compiled` (its code for `target`)."""
    guest = toolchain.guest_module()
    return {
        "guest": guest,
        "prototypes": toolchain.prototypes(WASM32),
        "compiled": _compile(toolchain, guest, target),
    }


def call_extension(toolchain: Toolchain) -> Artifact:
    """The extension that enters a guest, for this CPython; raises Unavailable without its headers."""
    parts = [sources.support_source(name).read_text() for name in ("cext.h", "wasm_slots.h", "wasm_call.c")]
    return toolchain.extension(CALL_MODULE, "\n".join(["#define FFIS_RELEASE_GIL 0", *parts]))


def _compile(toolchain: Toolchain, guest: Artifact, target: str) -> Artifact:
    """Compile `guest` for this CPU or Pulley, and keep the code in the build cache, which is private."""
    facts = {
        "name": "ffis.cwasm",
        "compiler": "wasmtime (Cranelift)",
        "version": version("wasmtime"),
        "flags": [f"max_wasm_stack={MAX_WASM_STACK_NBYTES}"],
        "target": target or platform.machine(),
        "cpu": "" if target else _cpu(),
        "build": toolchain.build,
    }

    def make(folder: Path) -> dict[str, Any]:
        wasm = guest.path.read_bytes()
        start = time.perf_counter()
        code = wasmtime.Module(engine(target), wasm).serialize()
        seconds = time.perf_counter() - start
        (folder / "ffis.cwasm").write_bytes(code)
        digest = hashlib.sha256(code).hexdigest()
        return {**facts, "seconds": round(seconds, 4), "nbytes": len(code), "sha256": digest}

    entry = toolchain.cache.get({"facts": facts, "guest": guest.facts["sha256"]}, make)
    return Artifact(entry.folder / "ffis.cwasm", {**entry.facts, "was_cached": entry.was_cached})


def _cpu() -> str:
    """A digest of this CPU's features, which Cranelift uses all of."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    features = next((line for line in lines if line.startswith(("flags", "Features"))), "")
    return hashlib.sha256(" ".join(sorted(features.split())).encode()).hexdigest()[:16]
