"""Invented records of `costs`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ffi_spectrum.results.costs import (
    KINDS,
    BuildRecord,
    CompilerRecord,
    PackageRecord,
    PortabilityRecord,
    StartRecord,
)
from ffi_spectrum.results.study import AbsentRecord, StudyRun, open_study

from .threads_records import RUN as THREADS_RUN

RUN = StudyRun("costs", {"cc": "zig"}, THREADS_RUN.fingerprint, THREADS_RUN.created, "0.1.0")
MB = 1_000_000


def some_records() -> list[Any]:
    """A rung with an extension, one that builds nothing, one with a worker, and one without its package."""
    found: list[Any] = [AbsentRecord(what, "grpc", "no grpcio") for what in ("build", "start", "compiler")]
    found += [CompilerRecord("cext", True, "no C compiler"), CompilerRecord("ctypes", False, "")]
    for n in range(6):
        found += [
            BuildRecord("cext", n, 3.0 + n / 10, 0.009, {"_ffis_cext.so": 90_000, "prototypes.json": 2_000}),
            BuildRecord("ctypes", n, 0.0, 0.0, {}),
            BuildRecord("libffis.so", n, 3.4, 0.006, {"libffis.so": 25_208}),
            StartRecord("cext", n, 0.001, 0.0014, 0.002 + n / 10_000, MB, 2 * MB, 0),
            StartRecord("ctypes", n, 0.0002, 0.0011, 0.0013, 0, MB, 0),
            StartRecord("uds", n, 0.03, 0.003, 0.004, 3 * MB, 4 * MB, 1_500_000),
            PackageRecord("ctypes", n, 0.0014, 500_000, 0),
            PackageRecord("wasmtime", n, 0.015, 5 * MB, 30 * MB),
        ]
    return [
        *found,
        PortabilityRecord("C extension", "another Python", "not promised", True, "CPython 3.12.1 takes it"),
        PortabilityRecord("ffis.wasm", "another OS", "yes", False, "there was no other to try"),
    ]


def write_costs(path: Path) -> None:
    _, writer = open_study(path, RUN, KINDS)
    for one in some_records():
        writer.append(one)
    writer.close()
