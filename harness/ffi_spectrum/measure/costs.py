"""What a rung costs before its first call: a fresh process for every build, start and import."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path
from typing import Any, Literal

from ffi_spectrum.errors import BuildError, Unavailable, UsageError
from ffi_spectrum.measure.child import run_child
from ffi_spectrum.measure.costs_worker import GUEST, LIBRARY
from ffi_spectrum.measure.instance import first_way
from ffi_spectrum.measure.observer import Observer
from ffi_spectrum.measure.portability import CLAIMS
from ffi_spectrum.measure.prebuilt import shared_artifacts
from ffi_spectrum.measure.site import Site
from ffi_spectrum.measure.study import Task, new_run, run_study
from ffi_spectrum.plan import refuse_unknown
from ffi_spectrum.results.costs import (
    KINDS,
    STUDY,
    BuildRecord,
    CompilerRecord,
    PackageRecord,
    PortabilityRecord,
    StartRecord,
)
from ffi_spectrum.results.study import Study
from ffi_spectrum.rungs.table import RUNGS, rung_class
from ffi_spectrum.toolchain.artifact import Artifact
from ffi_spectrum.toolchain.build import Toolchain

_WORKER = "ffi_spectrum.measure.costs_worker:"
# What rungs import; ctypes is part of Python.
PACKAGES = {
    "ctypes": "",
    "cffi": "cffi",
    "numpy": "numpy",
    "wasmtime": "wasmtime",
    "pywasm": "pywasm",
    "grpc": "grpcio",
}
BUILD_DEADLINE_S, START_DEADLINE_S = 600.0, 60.0
BUILD_S, START_S, CLAIM_S = 2.5, 0.4, 1.0

Rows = Mapping[str, Any]
Part = Literal["all", "costs", "portability"]


@dataclass(frozen=True, slots=True)
class CostsOptions:
    """How many builds from an empty cache, and how many processes for starts and imports, each rung gets."""

    rungs: tuple[str, ...] = ()
    builds: int = 3
    processes: int = 6
    part: Part = "all"

    def __post_init__(self) -> None:
        refuse_unknown("rung", self.rungs, RUNGS)
        if min(self.builds, self.processes) < 1:
            raise UsageError("a cost is measured at least once: give --builds and --processes 1 or more")

    @property
    def chosen(self) -> list[str]:
        return [name for name in RUNGS if not self.rungs or name in self.rungs]


def run_costs(options: CostsOptions, path: Path, site: Site, observer: Observer) -> Study:
    """Measure into `path`, going on with what it holds; see run_study. Raises BuildError without the library."""
    toolchain = site.toolchain
    observer.building("the library and the guest")
    shared = _rows(shared_artifacts(toolchain))
    tasks = list(_portability(site)) if options.part != "costs" else []
    if options.part != "portability":
        tasks += _builds(options, shared, site)
        tasks += [_compiler(name, shared, site) for name in options.chosen]
        tasks += _starts(options, toolchain, observer)
        tasks += [_package(name, n) for name in PACKAGES for n in range(options.processes)]
    return run_study(path, new_run(STUDY, {"cc": toolchain.cc}, toolchain), KINDS, tasks, observer, random.Random())


def _rows(artifacts: Mapping[str, Artifact]) -> dict[str, Any]:
    return {name: artifact.to_json() for name, artifact in artifacts.items()}


def _builds(options: CostsOptions, shared: Rows, site: Site) -> Iterator[Task]:
    for subject in (LIBRARY, GUEST, *options.chosen):
        for number in range(options.builds):
            yield _build(subject, number, shared, site)


def _build(subject: str, process: int, shared: Rows, site: Site) -> Task:
    def run() -> BuildRecord:
        with tempfile.TemporaryDirectory(dir=site.scratch) as folder:
            row = {"subject": subject, "shared": shared, "cc": site.toolchain.cc, "cache": f"{folder}/cache"}
            cold = run_child(f"{_WORKER}build", row, BUILD_DEADLINE_S)
            cached = run_child(f"{_WORKER}build", row, BUILD_DEADLINE_S)
        return BuildRecord(subject, process, cold["seconds"], cached["seconds"], cold["nbytes"])

    return Task(("build", subject, process), run, BUILD_S)


def _compiler(subject: str, shared: Rows, site: Site) -> Task:
    def run() -> CompilerRecord:
        with tempfile.TemporaryDirectory(dir=site.scratch) as folder:
            nothing = Path(folder) / "bin"
            nothing.mkdir()
            row = {"subject": subject, "shared": shared, "cache": f"{folder}/cache"}
            answer = run_child(f"{_WORKER}try_without_compiler", row, START_DEADLINE_S, {"PATH": str(nothing)})
        return CompilerRecord(subject, **answer)

    return Task(("compiler", subject, 0), run, START_S)


def _starts(options: CostsOptions, toolchain: Toolchain, observer: Observer) -> Iterator[Task]:
    for subject in options.chosen:
        observer.building(subject)
        try:
            built: dict[str, Artifact] | str = rung_class(subject).build(toolchain)
        except (Unavailable, BuildError) as error:
            built = str(error)
        for number in range(options.processes):
            yield _start(subject, number, built)


def _start(subject: str, process: int, built: dict[str, Artifact] | str) -> Task:
    def run() -> StartRecord:
        if isinstance(built, str):
            raise Unavailable(built)
        row = {"way": first_way(subject).to_json(), "artifacts": _rows(built)}
        return StartRecord(subject, process, **run_child(f"{_WORKER}start", row, START_DEADLINE_S))

    return Task(("start", subject, process), run, START_S)


def _package(package: str, process: int) -> Task:
    def run() -> PackageRecord:
        nbytes = installed_nbytes(PACKAGES[package])
        answer = run_child(f"{_WORKER}load", {"package": package}, START_DEADLINE_S)
        return PackageRecord(package, process, **answer, nbytes=nbytes)

    return Task(("package", package, process), run, START_S)


def installed_nbytes(distribution: str) -> int:
    """Bytes of a distribution's files, 0 for "": part of Python. Raises Unavailable where it is not installed."""
    if not distribution:
        return 0
    try:
        found = files(distribution) or []
    except PackageNotFoundError:
        raise Unavailable(f"the package {distribution} is not installed: `pip install {distribution}`") from None
    paths = [Path(str(file.locate())) for file in found]
    return sum(path.stat().st_size for path in paths if path.is_file() and "__pycache__" not in path.parts)


def _portability(site: Site) -> Sequence[Task]:
    def task(number: int) -> Task:
        claim = CLAIMS[number]

        def run() -> PortabilityRecord:
            finding = claim.check(site)
            return PortabilityRecord(claim.artifact, claim.to, finding.moves, finding.is_tested, finding.evidence)

        return Task(("portability", f"{claim.artifact} to {claim.to}", 0), run, CLAIM_S)

    return [task(number) for number in range(len(CLAIMS))]
