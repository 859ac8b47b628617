"""What subjects cost before their first call: medians over processes, with their intervals."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from ffi_spectrum.analysis.interval import Interval, median_interval
from ffi_spectrum.results.costs import BuildRecord, CompilerRecord, PackageRecord, StartRecord
from ffi_spectrum.results.study import AbsentRecord


@dataclass(frozen=True, slots=True)
class Cost:
    """One subject: a rung, a package, or a part that rungs share.

    `figures` are medians in seconds or bytes, by the record's field (and "build_nbytes", of what was built);
    `processes` is the least number that one of them rests on. `needs_compiler` is None where that is unknown;
    `reasons` say what could not be done, by what it was.
    """

    subject: str
    figures: dict[str, Interval] = field(default_factory=dict)
    processes: int = 0
    needs_compiler: bool | None = None
    reasons: dict[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        figures = {name: [one.point, one.low, one.high] for name, one in self.figures.items()}
        return asdict(self) | {"figures": figures}


BUILD_FIGURES = ("cold_s", "cached_s")
START_FIGURES = ("import_s", "open_s", "first_call_s", "import_rss_nbytes", "rss_nbytes", "worker_rss_nbytes")
PACKAGE_FIGURES = ("import_s", "rss_nbytes", "nbytes")


def rung_costs(records: Iterable[Any], order: Sequence[str]) -> list[Cost]:
    """Every subject of builds and starts, in `order` and then as the records have them."""
    every = [one for one in records if one.kind in ("build", "start", "compiler", "absent")]
    every = [one for one in every if not (isinstance(one, AbsentRecord) and one.what in ("package", "portability"))]
    places = {subject: place for place, subject in enumerate(order)}
    subjects = sorted(dict.fromkeys(one.subject for one in every), key=lambda name: places.get(name, len(places)))
    return [_cost(subject, [one for one in every if one.subject == subject]) for subject in subjects]


def package_costs(records: Iterable[Any]) -> list[Cost]:
    """Every package that could be imported, by name."""
    found: dict[str, list[PackageRecord]] = {}
    for one in records:
        if isinstance(one, PackageRecord):
            found.setdefault(one.subject, []).append(one)
    return [Cost(name, _figures(found[name], PACKAGE_FIGURES), len(found[name])) for name in sorted(found)]


def _cost(subject: str, records: Sequence[Any]) -> Cost:
    builds = [one for one in records if isinstance(one, BuildRecord)]
    starts = [one for one in records if isinstance(one, StartRecord)]
    figures = _figures(builds, BUILD_FIGURES) | _figures(starts, START_FIGURES)
    if builds:
        figures["build_nbytes"] = median_interval([sum(one.nbytes.values()) for one in builds])
    needs = next((one.needs_compiler for one in records if isinstance(one, CompilerRecord)), None)
    reasons = {one.what: one.reason for one in records if isinstance(one, AbsentRecord)}
    counts = [len(group) for group in (builds, starts) if group]
    return Cost(subject, figures, min(counts, default=0), needs, reasons)


def _figures(records: Sequence[Any], names: Sequence[str]) -> dict[str, Interval]:
    return {name: median_interval([getattr(one, name) for one in records]) for name in names} if records else {}
