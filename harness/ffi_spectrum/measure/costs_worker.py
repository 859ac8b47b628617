"""What the processes of `costs` do, a function each; see measure/costs.py. Imports only what the baseline may hold."""

from __future__ import annotations

import os
import resource
import sys
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from time import perf_counter
from typing import Any

# Subjects of a build that are no rung.
LIBRARY, GUEST = "libffis.so", "ffis.wasm"
COMPILERS = ("zig", "gcc", "clang", "cc")


def build(row: Mapping[str, Any]) -> dict[str, Any]:
    """Build a rung, the library or the guest in the cache that `row` names; returns seconds and bytes by name."""
    from ffi_spectrum.measure.prebuilt import Prebuilt
    from ffi_spectrum.rungs.table import rung_class
    from ffi_spectrum.toolchain.build import Toolchain

    cache, shared = Path(row["cache"]), _artifacts(row["shared"])
    rung = None if row["subject"] in (LIBRARY, GUEST) else rung_class(row["subject"])
    started_s = perf_counter()
    if rung is not None:
        built = rung.build(Prebuilt(shared, row["cc"], cache))
    else:
        plain = Toolchain(row["cc"], cache_root=cache)
        built = {"": plain.native_library() if row["subject"] == LIBRARY else plain.guest_module()}
    seconds = perf_counter() - started_s
    own = [artifact for artifact in built.values() if cache in artifact.path.parents]
    return {"seconds": seconds, "nbytes": {str(a.facts["name"]): int(a.facts["nbytes"]) for a in own}}


def try_without_compiler(row: Mapping[str, Any]) -> dict[str, Any]:
    """Build, open and call a rung where no compiler can be found: PATH is set by the caller, ziglang is hidden here."""
    sys.modules["ziglang"] = None  # type: ignore[assignment]  # what import then takes for a missing module
    from ffi_spectrum.errors import BuildError, Unavailable
    from ffi_spectrum.measure.instance import Instance, first_way
    from ffi_spectrum.measure.prebuilt import Prebuilt
    from ffi_spectrum.rungs.table import rung_class
    from ffi_spectrum.toolchain.compiler import find_compiler

    reasons = []
    for name in COMPILERS:
        try:
            found = find_compiler(name)
        except Unavailable as absent:
            reasons.append(absent.reason)
            continue
        raise BuildError(f"{name} was found all the same: {found.argv[0]}")
    try:
        artifacts = rung_class(row["subject"]).build(Prebuilt(_artifacts(row["shared"]), "zig", Path(row["cache"])))
    except Unavailable as error:
        if error.reason != reasons[0]:
            raise
        return {"needs_compiler": True, "reason": error.reason}
    instance = Instance(first_way(row["subject"]), artifacts)
    instance.check()
    instance.close()
    return {"needs_compiler": False, "reason": ""}


def start(row: Mapping[str, Any]) -> dict[str, Any]:
    """Import a rung, open it and make a call, beside a harness and a NumPy that are loaded already."""
    import ffi_spectrum.measure.instance as instances
    from ffi_spectrum.kernels.table import KERNELS
    from ffi_spectrum.kernels.workload import make_workload
    from ffi_spectrum.rungs.table import rung_class

    way, artifacts = instances.Way(**row["way"]), _artifacts(row["artifacts"])
    workload = make_workload(KERNELS[way.kernel], instances.CHECK_SIZE)  # loads numpy.random, which is no rung's doing
    before = rss_nbytes()
    started_s = perf_counter()
    rung_class(way.rung)
    imported_s, imported = perf_counter(), rss_nbytes()
    instance = instances.Instance(way, artifacts)
    opened_s = perf_counter()
    instance.bind_to(workload)
    instance.once()
    called_s, called = perf_counter(), rss_nbytes()
    worker = instance.rung.worker_pid()
    found = {
        "import_s": imported_s - started_s,
        "open_s": opened_s - imported_s,
        "first_call_s": called_s - imported_s,
        "import_rss_nbytes": imported - before,
        "rss_nbytes": called - before,
        "worker_rss_nbytes": rss_nbytes(worker) if worker is not None else 0,
    }
    instance.check()
    instance.close()
    return found


def load(row: Mapping[str, Any]) -> dict[str, Any]:
    """Import a package in a bare interpreter."""
    before = rss_nbytes()
    started_s = perf_counter()
    import_module(row["package"])
    return {"import_s": perf_counter() - started_s, "rss_nbytes": rss_nbytes() - before}


def guest_sha256(row: Mapping[str, Any]) -> tuple[str, str]:
    """The digest of the guest as this process's own copy of the package builds it, and where its C sources are."""
    from ffi_spectrum.toolchain import sources
    from ffi_spectrum.toolchain.build import Toolchain

    guest = Toolchain(cache_root=Path(row["cache"])).guest_module()
    return str(guest.facts["sha256"]), str(sources.source_root())


def rss_nbytes(pid: int | None = None) -> int:
    """The resident memory of a process, ours by default: the second number of /proc/PID/statm, see proc(5)."""
    with open(f"/proc/{pid or os.getpid()}/statm") as file:  # noqa: PTH123 - pathlib would grow what is measured
        return int(file.read().split()[1]) * resource.getpagesize()


def _artifacts(rows: Mapping[str, Any]) -> dict[str, Any]:
    from ffi_spectrum.toolchain.artifact import Artifact

    return {name: Artifact.from_json(row) for name, row in rows.items()}
