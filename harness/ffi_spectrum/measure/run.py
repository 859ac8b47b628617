"""Carrying out a plan: build, prove, measure, and put every finished process on disk before the next one starts."""

from __future__ import annotations

import hashlib
import os
import random
import tempfile
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from ffi_spectrum import __version__
from ffi_spectrum.case import Case, Status
from ffi_spectrum.errors import BuildError, Unavailable, WorkerDied
from ffi_spectrum.measure.job import Job
from ffi_spectrum.measure.launch import CaseDied, Outcome, launch
from ffi_spectrum.measure.looks import NextLook, measure_panels
from ffi_spectrum.measure.observer import Observer
from ffi_spectrum.plan import Panel, Plan
from ffi_spectrum.results.fingerprint import take_fingerprint
from ffi_spectrum.results.record import CaseRecord, RunRecord
from ffi_spectrum.results.store import Results
from ffi_spectrum.results.writer import Writer, check_writable, open_results
from ffi_spectrum.rungs.table import rung_class
from ffi_spectrum.toolchain.artifact import Artifact
from ffi_spectrum.toolchain.build import Toolchain

Artifacts = dict[str, dict[str, Artifact]]
# A panel that keeps losing workers outside of any case is given up.
MAX_DEATHS = 3


@dataclass(slots=True)
class Run:
    """The state of a run in progress."""

    plan: Plan
    artifacts: Artifacts
    results: Results
    writer: Writer
    observer: Observer
    marker: str
    dropped: set[str] = field(default_factory=set)

    def refuse(self, case: Case, status: Status, reason: str, panel: str) -> None:
        """Write down that a case is not measured, once, and leave it out from now on."""
        if case.id in self.dropped:
            return
        self.dropped.add(case.id)
        record = CaseRecord(case, status, reason, panel)
        if record not in self.results.cases:  # a resumed file already says so
            self.append(record)

    def append(self, record: CaseRecord) -> None:
        self.results.add(record)
        self.writer.append(record)

    def job(self, panel: Panel, process: int, mode: str, artifacts: Artifacts) -> Job:
        cases = tuple(case for case in panel.cases if case.id not in self.dropped and case.rung in artifacts)
        seed = random.Random(f"{self.plan.seed}/{panel.id}/{process}").getrandbits(32)
        return Job(
            mode="prove" if mode == "prove" else "measure",
            panel=panel.id, process=process, seed=seed, kernel=panel.kernel, size=panel.size, cases=cases,
            rounds=self.plan.profile.rounds, block_ns=self.plan.profile.block_ns,
            latency_ns=self.plan.profile.latency_ms * 1_000_000,
            deadline_s=self.plan.profile.deadline_s, marker=self.marker, cpu=pinned_cpu(),
            artifacts={rung: artifacts[rung] for rung in {case.rung for case in cases}},
        )  # fmt: skip


def run_plan(plan: Plan, path: Path, toolchain: Toolchain, observer: Observer, next_look: NextLook) -> Results:
    """Measure `plan` into `path`, resuming what the file already holds; `next_look` says when a panel may stop.

    Raises ResultsError before any work where the file cannot be used. KeyboardInterrupt passes through: at most the
    process that was running is lost.
    """
    check_writable(path, plan.sha256())
    artifacts, reasons = build_artifacts(plan, toolchain, observer)
    record = RunRecord(
        plan=plan.to_json(),
        plan_sha256=plan.sha256(),
        library_sha256=_library_sha256(artifacts),
        fingerprint=take_fingerprint(_compilers(artifacts)),
        artifacts={rung: {n: dict(a.facts) for n, a in found.items()} for rung, found in artifacts.items()},
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        version=__version__,
    )
    results, writer = open_results(path, record)
    with tempfile.TemporaryDirectory(prefix="ffi-spectrum-") as scratch:
        run = Run(plan, artifacts, results, writer, observer, str(Path(scratch) / "marker"))
        run.dropped |= results.left_out
        try:
            _refuse_absent(run, reasons)
            _prove(run, toolchain)
            _measure(run, next_look)
        finally:
            writer.close()
    return results


def build_artifacts(plan: Plan, toolchain: Toolchain, observer: Observer) -> tuple[Artifacts, dict[str, str]]:
    """Build what the plan's rungs need; the second value says why a rung has nothing."""
    artifacts: Artifacts = {}
    reasons: dict[str, str] = {}
    for name in dict.fromkeys(case.rung for panel in plan.panels for case in panel.cases):
        observer.building(name)
        try:
            artifacts[name] = rung_class(name).build(toolchain)
        except (Unavailable, BuildError) as error:
            reasons[name] = str(error)
            observer.unavailable(name, str(error))
    return artifacts, reasons


def _compilers(artifacts: Artifacts) -> list[str]:
    """Name and version of every compiler that made an artifact; gcc and clang begin their version with their name."""
    facts = [artifact.facts for named in artifacts.values() for artifact in named.values()]
    pairs = [(str(one["compiler"]), str(one["version"])) for one in facts if "compiler" in one and "version" in one]
    return [version if version.startswith(name) else f"{name} {version}" for name, version in pairs]


def _library_sha256(artifacts: Artifacts) -> str:
    """One hash for the native library and the guest module: the code under test."""
    found = {a.facts["name"]: a.facts["sha256"] for named in artifacts.values() for a in named.values()}
    content = [found.get(name, "") for name in ("libffis.so", "ffis.wasm")]
    return hashlib.sha256(" ".join(content).encode()).hexdigest()


def pinned_cpu() -> int:
    """The last CPU that this process may use, where there is more than one and pinning is allowed; else -1."""
    if not hasattr(os, "sched_getaffinity"):
        return -1
    allowed = sorted(os.sched_getaffinity(0))
    return allowed[-1] if len(allowed) > 1 else -1


def _refuse_absent(run: Run, reasons: dict[str, str]) -> None:
    for case, status, reason in run.plan.absent:
        run.refuse(case, status, reason, "")
    for panel in run.plan.panels:
        for case in panel.cases:
            if case.rung in reasons:
                run.refuse(case, "unavailable", reasons[case.rung], panel.id)


def _prove(run: Run, toolchain: Toolchain) -> None:
    """Before any timing: in the counting build, N calls of every case reach the far side N times."""
    counting = Toolchain(toolchain.cc, "counting", toolchain.target_name, toolchain.cache_root)
    proven = {proof.case.id for proof in run.results.proofs}
    open_panels = [p for p in run.plan.panels if any(c.id not in proven | run.dropped for c in p.cases)]
    if not open_panels:
        return
    artifacts, reasons = build_artifacts(run.plan, counting, Observer())
    for panel in run.plan.panels:
        for case in panel.cases:
            if case.rung in reasons:
                reason = f"its calls cannot be counted, so they are not timed: {reasons[case.rung]}"
                run.refuse(case, "unavailable", reason, panel.id)
    for panel in open_panels:
        if all(case.id in proven or not rung_class(case.rung).info.has_far_side for case in panel.cases):
            continue
        run.observer.proving(panel.id)
        outcome = _launch(run, panel, 0, "prove", artifacts)
        for proof in outcome.proofs if outcome else ():
            if proof.case.id not in proven:
                run.results.add(proof)
                run.writer.append(proof)


def _measure(run: Run, next_look: NextLook) -> None:
    def sample(panel: Panel, process: int) -> bool:
        outcome = _launch(run, panel, process, "measure", run.artifacts)
        if outcome is None or outcome.process is None:
            return False
        run.results.add(outcome.process)
        run.writer.append(outcome.process)
        return True

    measure_panels(run.plan, run.results, next_look, sample, run.observer)


def _launch(run: Run, panel: Panel, process: int, mode: str, artifacts: Artifacts) -> Outcome | None:
    """Launch one worker; a case that kills it gets its line, and the process is run again without it."""
    deaths = 0
    while True:
        job = run.job(panel, process, mode, artifacts)
        if not job.cases:
            return None
        try:
            outcome = launch(job)
        except CaseDied as error:
            if error.case is not None:
                run.refuse(error.case, "failed", str(error), panel.id)
                continue
            deaths += 1
            if deaths >= MAX_DEATHS:
                raise WorkerDied(f"{error}; given up after {deaths} tries") from error
            continue
        for refused in outcome.refused:
            run.refuse(refused.case, refused.status, refused.reason, panel.id)
        return outcome
