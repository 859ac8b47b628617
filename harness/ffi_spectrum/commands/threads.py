"""`threads`: which rungs scale with threads, which stall others, and what an event loop sees."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ffi_spectrum.analysis.threads import ThreadsEstimate, estimate_threads
from ffi_spectrum.commands.progress import BenchProgress
from ffi_spectrum.commands.request import open_toolchain
from ffi_spectrum.commands.screen import Screen
from ffi_spectrum.commands.selection import refuse_absent
from ffi_spectrum.commands.sheets import show_sheets
from ffi_spectrum.commands.study import default_path, say_where, stopped, to_markdown
from ffi_spectrum.errors import MeasurementError
from ffi_spectrum.measure.threads import CONTROL, ThreadsOptions, run_threads, without_kernel
from ffi_spectrum.report.threads import LEGEND, LOOP_LEGEND, busy_lines, threads_sheets
from ffi_spectrum.results.study import Study, read_study
from ffi_spectrum.results.threads import KINDS, STUDY
from ffi_spectrum.rungs.table import RUNGS

CONTROL_WAY = f"{CONTROL}.dlsym"


def measure(screen: Screen, out: Path | None, cc: str, **given: Any) -> tuple[Study, Path]:
    """Measure into a file, with the fields of ThreadsOptions; Ctrl-C passes through with what is saved."""
    options = ThreadsOptions(**given)
    path = out or default_path(STUDY)
    for reason, rungs in _grouped(without_kernel(options)).items():
        screen.err.print(f"note: left out: {', '.join(rungs)}: {reason}")
    with BenchProgress(screen.err) as progress:
        try:
            return run_threads(options, path, open_toolchain(cc), progress), path
        except KeyboardInterrupt:
            raise KeyboardInterrupt(stopped(path)) from None


def read(path: Path) -> Study:
    return read_study(path, STUDY, KINDS)


def estimates_of(study: Study, rungs: Sequence[str]) -> list[ThreadsEstimate]:
    """One estimate per way, in the order of the table of rungs; raises UsageError for a rung that the file lacks."""
    found = estimate_threads(study.records, CONTROL_WAY)
    refuse_absent("the file", "rung", rungs, dict.fromkeys(rung_of(one.way) for one in found))
    order = {rung: number for number, rung in enumerate(RUNGS)}
    found.sort(key=lambda one: (order.get(rung_of(one.way), len(order)), one.way))
    return [one for one in found if not rungs or rung_of(one.way) in (*rungs, CONTROL)]


def rung_of(way: str) -> str:
    return way.partition(".")[0]


def rows_of(estimates: Sequence[ThreadsEstimate]) -> list[dict[str, Any]]:
    """What `threads --json` prints: an object per way."""
    return [one.to_json() for one in estimates]


def show(screen: Screen, estimates: Sequence[ThreadsEstimate]) -> None:
    """Print both tables; raises MeasurementError where there is nothing in them."""
    show_sheets(screen, threads_sheets(estimates), (*LEGEND, *LOOP_LEGEND), _gaps(estimates))
    if all(one.status != "ok" for one in estimates):
        raise MeasurementError("nothing was measured; the reasons are above")


def markdown(study: Study, estimates: Sequence[ThreadsEstimate]) -> str:
    counts = {one.processes for one in estimates if one.status == "ok"}
    processes = f"{min(counts)} to {max(counts)}" if len(counts) > 1 else str(*counts)
    what = f"{processes} processes a row"
    return to_markdown(study.run, what, threads_sheets(estimates), (*LEGEND, *LOOP_LEGEND), _gaps(estimates))


def finish(screen: Screen, path: Path) -> None:
    say_where(screen, STUDY, path)


def _gaps(estimates: Sequence[ThreadsEstimate]) -> list[str]:
    absent = _grouped({one.way: one.reason for one in estimates if one.reason})
    return [
        *busy_lines(estimates),
        *(f"missing: {', '.join(ways)}: {reason}" for reason, ways in absent.items()),
    ]


def _grouped(reasons: Mapping[str, str]) -> dict[str, list[str]]:
    """Who has each reason."""
    found: dict[str, list[str]] = {}
    for name, reason in reasons.items():
        found.setdefault(reason, []).append(name)
    return found
