"""A results file as `bench` leaves it, with invented times: nothing is built and nothing is measured."""

from __future__ import annotations

from pathlib import Path

from ffi_spectrum.case import Case
from ffi_spectrum.commands.request import Request
from ffi_spectrum.plan import Plan
from ffi_spectrum.results.record import CaseRecord, CaseSeries, ProcessRecord, RunRecord, Series
from ffi_spectrum.results.writer import open_results

REQUEST = Request(rungs=("ctypes", "python"), kernels=("crc32",), seed=5)
# Invented nanoseconds per call: the loop around nothing, the kernel's work, a Python call, and each rung's crossing.
LOOP_NS, WORK_NS, PYTHON_CALL_NS = 8, 1000, 20
CROSSING_NS = {"floor": 0, "ctypes": 60, "python": 70_000}
FAR_ITERATIONS = 1000


def series(ns_per_call: float, iterations: int = 1000) -> Series:
    return Series(iterations, [0, 1, 2], [round(ns_per_call * iterations)] * 3)


def case_series(case: Case) -> CaseSeries:
    far = {"floor": f"floor.{case.variant}", "ctypes": "ctypes"}.get(case.rung, "")
    return CaseSeries(case, series(LOOP_NS + WORK_NS + CROSSING_NS[case.rung]), far)


def write_results(path: Path, request: Request = REQUEST, processes: int = 12) -> Plan:
    """Write a run of `request` to `path`; ctypes in fresh form failed."""
    plan = request.plan()
    artifacts = {"floor": {"library": {"name": "libffis.so", "compiler": request.cc, "version": "1", "sha256": "b"}}}
    run = RunRecord(
        plan=plan.to_json(), plan_sha256=plan.sha256(), library_sha256="b", fingerprint={"cpu": "invented"},
        artifacts=artifacts, created="2026-11-24T06:33:58+00:00", version="0.1.0",
    )  # fmt: skip
    _, writer = open_results(path, run)
    for panel in plan.panels:
        failed = [case for case in panel.cases if case.rung == "ctypes" and case.form == "fresh"]
        for case in failed:
            writer.append(CaseRecord(case, "failed", "it was ended by SIGSEGV", panel.id))
        for number in range(processes):
            cases = [case_series(case) for case in panel.cases if case not in failed]
            far = {row.far: series(WORK_NS, FAR_ITERATIONS) for row in cases if row.far}
            controls = {"empty": series(LOOP_NS), "python_call": series(LOOP_NS + PYTHON_CALL_NS)}
            writer.append(ProcessRecord(panel.id, number, number, cases, far, {}, controls))
    writer.close()
    return plan
