"""The tables of a results file alone, narrow enough to be embedded in a page of text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ffi_spectrum.analysis.device.trials import DeviceTrials
from ffi_spectrum.analysis.estimate import Estimate
from ffi_spectrum.report.builds import compiler_of
from ffi_spectrum.report.device.launches import LEGEND as DEVICE_LEGEND
from ffi_spectrum.report.device.launches import device_lines, device_sheets
from ffi_spectrum.report.device.trials import LEGEND, trial_sheets
from ffi_spectrum.report.markup import plain, sheet_markdown, table, unbroken
from ffi_spectrum.report.precision import processes_text
from ffi_spectrum.report.remote import LEGEND as REMOTE_LEGEND
from ffi_spectrum.report.remote import remote_sheets
from ffi_spectrum.report.rows import Checks, Row, panels_of
from ffi_spectrum.results.record import RunRecord


def to_excerpt(run: RunRecord, estimates: Iterable[Estimate], checks: Checks, has_rows: bool = True) -> str:
    """A line that dates the run and names the machine, then a table per kernel, size and form.

    Without `has_rows`, only the tables of calls to another process and to a device.
    """
    everything = list(estimates)
    parts = [origin(run, processes_text(everything))]
    for panel in panels_of(everything, checks) if has_rows else ():
        for form, rows in panel.forms.items():
            parts += [f"**{panel.title}, {form}**", _table(rows)]
    for sheets, legend in (
        (list(remote_sheets(everything)), REMOTE_LEGEND), (list(device_sheets(everything)), DEVICE_LEGEND),
    ):  # fmt: skip
        parts += map(sheet_markdown, sheets)
        if sheets and not has_rows:
            parts.append("\n".join(f"- {plain(line)}" for line in legend))
    return "\n\n".join(parts) + "\n"


def to_trials(run: RunRecord, estimates: Iterable[Estimate], trials: DeviceTrials) -> str:
    """A line that dates the run, a sentence per launch path, and what was tried on a device beside its launches."""
    everything = list(estimates)
    sentences = "\n".join(f"- {plain(line)}" for line in device_lines(everything))
    legend = "\n".join(f"- {plain(line)}" for line in LEGEND)
    tables = map(sheet_markdown, trial_sheets(trials))
    return "\n\n".join([origin(run, processes_text(everything)), sentences, *tables, legend]) + "\n"


def origin(run: RunRecord, processes: str) -> str:
    """When, with what and where a run was made, as one line; `processes` says in how many a panel."""
    facts, profile = run.fingerprint, run.plan["profile"]
    known = [
        str(facts.get("cpu", "unknown CPU")),
        f"{facts['cpus']} CPUs" if facts.get("cpus") else "",
        "virtual machine" if facts.get("hypervisor") else "",
        str(facts.get("system", "")),
        f"{facts.get('implementation', 'Python')} {facts['python']}" if facts.get("python") else "",
        *(f"{name} {version}" for name, version in facts.get("packages", {}).items() if version and name != "ziglang"),
        *_compilers(run.artifacts),
    ]
    return (
        f"Measured on {run.created[:10]} by ffi-spectrum {run.version}, profile {profile['name']}, "
        f"{processes}: {plain(', '.join(fact for fact in known if fact))}."
    )


def _compilers(artifacts: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> list[str]:
    """What compiled the native library; the package ziglang is named here, and only where it did."""
    return list(dict.fromkeys(f"C by {compiler_of(n['library'])}" for n in artifacts.values() if "library" in n))


def _table(rows: Iterable[Row]) -> str:
    """The narrowest table that still tells the rungs apart; nothing in it wraps in a column of text 830 pixels wide.

    Kernels of scalars place nothing, so their tables have no column for it.
    """
    chosen = list(rows)
    headers = ["rung", "placement", "time per call", "boundary", "times floor", "checks"]
    cells = [
        [
            f"{unbroken('~ ') if row.is_imprecise else ''}`{row.way}`",
            row.placement,
            unbroken(row.call.compact),
            unbroken(row.boundary.compact),
            row.to_floor,
            unbroken(row.checks),
        ]
        for row in chosen
    ]
    if any(row.placement != "none" for row in chosen):
        return table(headers, cells, "llrrrl")
    return table([headers[0], *headers[2:]], [[line[0], *line[2:]] for line in cells], "lrrrl")
