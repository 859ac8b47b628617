"""`bench`: plan, measure with progress, show; and `bench --list`, which measures nothing."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from ffi_spectrum.analysis.device.trials import device_trials
from ffi_spectrum.analysis.estimate import Estimate, estimate_results
from ffi_spectrum.analysis.panel import next_look
from ffi_spectrum.commands.progress import BenchProgress
from ffi_spectrum.commands.request import Request, open_toolchain
from ffi_spectrum.commands.screen import Screen, program
from ffi_spectrum.commands.survey import checks_by_rung
from ffi_spectrum.errors import MeasurementError
from ffi_spectrum.kernels.table import KERNELS
from ffi_spectrum.measure.run import run_plan
from ffi_spectrum.plan import Plan
from ffi_spectrum.report.numbers import time_span
from ffi_spectrum.report.table import spectrum


def run_bench(screen: Screen, request: Request, out: Path | None) -> None:
    """Measure and show; raises FFISpectrumError where it cannot start or go on, or no requested case was measured.

    Ctrl-C passes through as a KeyboardInterrupt whose text says what is saved and how to go on.
    """
    plan = request.plan()
    note_sizes(screen, request, plan)
    toolchain = open_toolchain(request.cc)
    path = out or default_path(request.profile, datetime.now())
    with BenchProgress(screen.err) as progress:
        try:
            results = run_plan(plan, path, toolchain, progress, next_look)
        except KeyboardInterrupt:
            raise KeyboardInterrupt(_stopped(progress, path, request)) from None
    estimates = estimate_results(results)
    for part in spectrum(estimates, checks_by_rung(), screen.out.width, device_trials(results)):
        screen.out.print(part)
    if not is_measured(estimates, request):
        raise MeasurementError(f"no requested case was measured; the reasons are above and in {path}")
    again = f"{program()} show {shlex.quote(str(path))}"
    screen.out.print(f"\nRaw times are in {path}; see them again with: {again}", soft_wrap=True)


def is_measured(estimates: Iterable[Estimate], request: Request) -> bool:
    """True where a case was measured that was asked for: the floor, which is in every panel, may not have been."""
    return any(e.status == "ok" and (not request.rungs or e.rung in request.rungs) for e in estimates)


def default_path(profile: str, now: datetime) -> Path:
    """results/<profile>-<date>-<time>.jsonl in the current directory."""
    return Path("results") / f"{profile}-{now:%Y%m%d-%H%M%S}.jsonl"


def _stopped(progress: BenchProgress, path: Path, request: Request) -> str:
    command = f"{program()} {request.command(path)}"
    if not path.exists():
        return f"stopped before anything was measured; start again with: {command}"
    saved = f"{progress.done} of {progress.total} processes" if progress.total else "what was proven so far"
    return f"stopped; {saved} saved in {path}, go on with: {command}"


def list_plan(screen: Screen, request: Request) -> None:
    """Print every case with its panel's predicted time, the cases that do not exist, and the total."""
    plan = request.plan()
    note_sizes(screen, request, plan)
    for panel in plan.panels:
        screen.out.print(f"{panel.id}: {len(panel.cases)} cases, {time_span(*panel.predicted_s(plan.profile))}")
        for case in panel.cases:
            screen.out.print(f"  {case.id}", soft_wrap=True)
    for line in _missing(plan):
        screen.out.print(line)
    count = f"{sum(len(panel.cases) for panel in plan.panels)} cases in {len(plan.panels)} panels"
    first, last = plan.profile.looks[0], max(plan.profile.last_look(panel.process_s) for panel in plan.panels)
    processes = f"{first} to {last}" if last > first else str(first)
    screen.out.print(f"{count} of {processes} processes: {time_span(*plan.predicted_s())}")


def note_sizes(screen: Screen, request: Request, plan: Plan) -> None:
    """Name the planned kernels that a requested size does not apply to."""
    sizeless = dict.fromkeys(panel.kernel for panel in plan.panels if not KERNELS[panel.kernel].dims(1))
    if request.sizes and sizeless:
        screen.err.print(f"note: --size does not apply to {', '.join(sizeless)}: scalar kernels have no size")


def _missing(plan: Plan) -> Iterable[str]:
    reasons: dict[tuple[str, str], list[str]] = {}
    for case, _, reason in plan.absent:
        reasons.setdefault((case.rung, reason), []).append(case.kernel)
    alike: dict[tuple[str, str], list[str]] = {}
    for (rung, reason), kernels in reasons.items():
        alike.setdefault((", ".join(dict.fromkeys(kernels)), reason), []).append(rung)
    for (where, reason), rungs in alike.items():
        yield f"not listed: {', '.join(rungs)} on {where}: {reason}"
