"""One results file as a Markdown document: dated, with machine and compilers named, and how to make it again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ffi_spectrum.analysis.device.trials import DeviceTrials
from ffi_spectrum.analysis.estimate import Estimate
from ffi_spectrum.report.builds import compiler_of, flags_of
from ffi_spectrum.report.device.launches import LEGEND as DEVICE_LEGEND
from ffi_spectrum.report.device.launches import device_lines, device_sheets
from ffi_spectrum.report.device.trials import LEGEND as TRIALS_LEGEND
from ffi_spectrum.report.device.trials import trial_sheets
from ffi_spectrum.report.gaps import Gap, gaps_of
from ffi_spectrum.report.markup import plain, sheet_markdown, table
from ffi_spectrum.report.numbers import nbytes
from ffi_spectrum.report.precision import processes_text
from ffi_spectrum.report.remote import LEGEND, remote_sheets
from ffi_spectrum.report.rows import Checks, Panel, legend_of, panels_of
from ffi_spectrum.results.record import RunRecord

_HEADERS = (
    "form", "rung", "placement", "time per call", "95 % interval", "boundary", "95 % interval",
    "times floor", "times Python call", "checks",
)  # fmt: skip
_ALIGNED = "lllrrrrrrl"


def to_markdown(
    run: RunRecord, estimates: Iterable[Estimate], checks: Checks, command: str, trials: DeviceTrials | None = None
) -> str:
    """The whole document; `command` is what measures the same again, `trials` what a device did beside the cases."""
    everything = list(estimates)
    profile = run.plan["profile"]
    sheets, launches = list(remote_sheets(everything)), list(device_sheets(everything))
    tried = list(trial_sheets(trials)) if trials else []
    legends = ((LEGEND, sheets), (DEVICE_LEGEND, launches), (TRIALS_LEGEND, tried))
    parts = [
        "# What it costs to call C from Python",
        f"Measured {run.created} by ffi-spectrum {run.version}, profile {profile['name']}: "
        f"{processes_text(everything)}, {profile['rounds']} rounds in each.",
        f"```sh\n{command}\n```",
        "## Results",
        *(_panel(panel) for panel in panels_of(everything, checks)),
        *map(sheet_markdown, (*sheets, *launches, *tried)),
        *("- " + plain(line) for line in device_lines(everything)),
        *map(plain, legend_of(everything)),
        *(plain(line) for lines, shown in legends if shown for line in lines),
    ]
    gaps = gaps_of(everything)
    if gaps:
        parts += ["## Not measured", "\n".join(_gap(gap) for gap in gaps)]
    parts += ["## Machine", machine_table(run.fingerprint), "## Builds", builds_table(run.artifacts)]
    return "\n\n".join(parts) + "\n"


def _panel(panel: Panel) -> str:
    rows = [
        (
            form, f"{'~ ' if row.is_imprecise else ''}`{row.way}`", row.placement, row.call.time, row.call.interval,
            row.boundary.time, row.boundary.interval, row.to_floor, row.to_python_call, row.checks,
        )
        for form, rows in panel.forms.items()
        for row in rows
    ]  # fmt: skip
    return f"### {panel.title}\n\n{table(_HEADERS, rows, _ALIGNED)}"


def _gap(gap: Gap) -> str:
    """One list item; what a compiler said beyond the first line is kept as it is."""
    first, *rest = gap.reason.splitlines() or [""]
    item = f"- **{gap.status}**: {plain(gap.subject)}: {plain(first)}"
    if not rest:
        return item
    return "\n".join([item, "", "  ```text", *(f"  {line}" for line in rest), "  ```"])


def machine_table(fingerprint: Mapping[str, Any]) -> str:
    """Every fact of the fingerprint that is known, one row each."""
    rows: list[tuple[str, str]] = []
    for name, value in fingerprint.items():
        if isinstance(value, Mapping):
            value = ", ".join(f"{key} {item}" for key, item in value.items() if item is not None)
        if value is not None and value != "":
            rows.append((name.replace("_", " "), plain(str(value))))
    return table(("fact", "value"), rows, "ll")


def builds_table(artifacts: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> str:
    """Each distinct artifact of the run, whichever rungs use it."""
    distinct = {
        (facts.get("name"), facts.get("target"), facts.get("build"), facts.get("sha256")): facts
        for named in artifacts.values()
        for facts in named.values()
    }
    rows = [
        (
            str(facts.get("name", "")), compiler_of(facts),
            str(facts.get("triple") or facts.get("target", "")), f"`{flags_of(facts)}`" if flags_of(facts) else "",
            f"{facts.get('seconds', 0.0):.1f}", nbytes(int(facts.get("nbytes", 0))),
        )
        for facts in distinct.values()
    ]  # fmt: skip
    return table(("artifact", "compiler", "target", "flags", "seconds", "size"), rows, "llllrr")
