"""The tables of `rungs`, `build` and `cache`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from rich.console import Group, JustifyMethod, RenderableType
from rich.text import Text

from ffi_spectrum.commands.survey import Survey
from ffi_spectrum.report.builds import compiler_of, flags_of
from ffi_spectrum.report.markup import plain, table, unbroken
from ffi_spectrum.report.numbers import nbytes
from ffi_spectrum.report.table import bare_table
from ffi_spectrum.rungs.base import RungInfo
from ffi_spectrum.toolchain.artifact import Artifact
from ffi_spectrum.toolchain.cache import MANIFEST, Cache


def rung_tables(found: list[Survey]) -> Iterator[RenderableType]:
    """Three tables that fit 100 columns, then what is unavailable, and why."""
    infos = [survey.info for survey in found]
    yield _table(
        "What it is for",
        ("rung", "available", "purpose"),
        [(survey.info.name, "no" if survey.reason else "yes", survey.info.purpose) for survey in found],
    )
    yield _table(
        "What a call does",
        ("rung", "GIL", "checks", "copies", "errno"),
        [(info.name, info.gil, info.tier, info.copies, info.errno) for info in infos],
    )
    yield _table(
        "What it takes",
        ("rung", "needs", "native code in the caller", "a crash on the far side"),
        [(info.name, info.needs, info.native_code, info.crash) for info in infos],
    )
    yield ""
    yield from reason_lines(found)


def rung_markdown(infos: Iterable[RungInfo]) -> str:
    """Two Markdown tables: what each rung is for and needs, and what a call does, where equal rungs share a row."""
    every = list(infos)
    uses = [(f"`{info.name}`", plain(info.purpose), plain(info.needs)) for info in every]
    alike: dict[tuple[str, str, str, str], list[str]] = {}
    for info in every:
        alike.setdefault((info.gil, info.tier, info.copies, info.crash), []).append(f"`{info.name}`")
    calls = [
        (", ".join(names), gil, unbroken(tier), plain(copies), plain(crash))
        for (gil, tier, copies, crash), names in alike.items()
    ]
    headers = ("rungs", "GIL", "checks", "copies", "a crash on the far side")
    return f"{table(('rung', 'for', 'needs'), uses, 'lll')}\n\n{table(headers, calls, 'lllll')}\n"


def reason_lines(found: list[Survey]) -> Iterator[str]:
    """One line per reason, with the rungs it keeps away."""
    reasons: dict[str, list[str]] = {}
    for survey in found:
        if survey.reason:
            reasons.setdefault(survey.reason, []).append(survey.info.name)
    for reason, names in reasons.items():
        yield f"unavailable: {', '.join(names)}: {reason}"


def build_table(found: list[Survey]) -> RenderableType:
    """Every distinct artifact with its facts and the rungs that use it."""
    users: dict[str, list[str]] = {}
    artifacts: dict[str, Artifact] = {}
    for survey in found:
        for artifact in survey.artifacts.values():
            artifacts[str(artifact.path)] = artifact
            users.setdefault(str(artifact.path), []).append(survey.info.name)
    rows = [
        (
            str(facts["name"]), compiler_of(facts), str(facts["target"]),
            f"{facts['seconds']:.1f}", nbytes(facts["nbytes"]), "yes" if facts["was_cached"] else "no",
            ", ".join(dict.fromkeys(users[path])),
        )
        for path, facts in ((path, artifact.facts) for path, artifact in artifacts.items())
    ]  # fmt: skip
    headers = ("artifact", "compiler", "target", "seconds", "size", "cached", "used by")
    return _table("Builds", headers, rows, right=("seconds", "size"))


def flag_lines(found: list[Survey]) -> list[str]:
    """The distinct flags of each compiler and target."""
    every = [artifact.facts for survey in found for artifact in survey.artifacts.values()]
    lines = [f"{compiler_of(facts)} for {facts['target']}: {flags_of(facts)}" for facts in every if flags_of(facts)]
    return list(dict.fromkeys(lines))


def cache_table(cache: Cache) -> RenderableType:
    """The cache's undamaged entries, oldest first."""
    dated = sorted(
        ((entry.folder.joinpath(MANIFEST).stat().st_mtime, entry) for entry in cache.list()), key=lambda pair: pair[0]
    )
    rows = [
        (
            str(facts["name"]), str(facts["build"]), str(facts["target"]), compiler_of(facts),
            f"{facts['seconds']:.1f}", nbytes(facts["nbytes"]), f"{datetime.fromtimestamp(made):%Y-%m-%d %H:%M}",
        )
        for made, entry in dated
        for facts in (entry.facts,)
    ]  # fmt: skip
    headers = ("artifact", "build", "target", "compiler", "seconds", "size", "made")
    return _table(f"Build cache in {cache.root}", headers, rows, right=("seconds", "size"))


def _table(
    title: str, headers: tuple[str, ...], rows: Sequence[tuple[str, ...]], right: tuple[str, ...] = ()
) -> RenderableType:
    grid = bare_table()
    for number, header in enumerate(headers):
        justify: JustifyMethod = "right" if header in right else "left"
        grid.add_column(header, justify=justify, overflow="fold", no_wrap=number == 0)
    for row in rows:
        grid.add_row(*row)
    return Group(Text(), Text(title, style="bold"), grid)
