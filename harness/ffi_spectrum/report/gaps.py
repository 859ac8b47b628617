"""Cases that have no estimate: which, where and why, said once per reason."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ffi_spectrum.analysis.estimate import Estimate
from ffi_spectrum.report.rows import way_of


@dataclass(frozen=True, slots=True)
class Gap:
    """Cases that share a status and a reason; `where` names their kernels, "" where that is every one of the run."""

    status: str
    ways: tuple[str, ...]
    where: str
    reason: str

    @property
    def subject(self) -> str:
        return ", ".join(self.ways) + (f" ({self.where})" if self.where else "")


def gaps_of(estimates: Iterable[Estimate]) -> list[Gap]:
    """The cases without an estimate, one Gap for each status and reason, in the order of first appearance."""
    everything = list(estimates)
    found: dict[tuple[str, str], list[Estimate]] = {}
    for estimate in everything:
        if estimate.status != "ok":
            found.setdefault((estimate.status, estimate.reason), []).append(estimate)
    return [
        Gap(status, _ways(lacking, everything), _where(lacking, everything), reason)
        for (status, reason), lacking in found.items()
    ]


def _ways(lacking: list[Estimate], everything: list[Estimate]) -> tuple[str, ...]:
    """A rung's name where all of its cases on these kernels are lacking, else each way with form and placement."""
    panels = {(e.kernel, e.size) for e in lacking}
    ids = {e.id for e in lacking}
    measured = {e.rung for e in everything if (e.kernel, e.size) in panels and e.id not in ids}
    names = [f"{way_of(e)} {e.form}/{e.placement}" if e.rung in measured else e.rung for e in lacking]
    return tuple(dict.fromkeys(names))


def _where(lacking: list[Estimate], everything: list[Estimate]) -> str:
    """The kernels, each with its sizes where only some of them are meant."""
    panels = dict.fromkeys((e.kernel, e.size) for e in lacking)
    absent = {(e.kernel, e.size) for e in everything} - set(panels)
    if not absent:
        return ""
    partial = {kernel for kernel, _ in absent}
    names = [f"{kernel} at {size:,}" if size and kernel in partial else kernel for kernel, size in panels]
    return ", ".join(dict.fromkeys(names))
