"""The tables of `costs`: builds, starts, packages, and which artifact moves where."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ffi_spectrum.analysis.costs import Cost
from ffi_spectrum.analysis.interval import Interval
from ffi_spectrum.report.numbers import NOTHING, half_width, nbytes, scale_of
from ffi_spectrum.report.remote import Sheet
from ffi_spectrum.results.costs import PortabilityRecord

BUILD = ("rung", "compiler", "cold build", "cached", "adds")
START = ("rung", "import", "open", "to first call", "memory", "in its process")
PACKAGE = ("package", "import", "memory", "installed")
MOVES = ("artifact", "to", "moves", "tested", "what was tried")
COSTS_LEGEND = (
    "compiler: whether building, opening and calling the rung needs one, tried with none on PATH and without ziglang, "
    "with the C library (for a sandbox the guest) there already. cold build, adds: what the rung itself makes beyond "
    "those, from an empty cache (Zig's own as well), and its size. cached: the same build again, in another process.",
    "import, open, to first call: a fresh process, beyond a NumPy and a harness that are loaded already (NumPy loads "
    "ctypes); to first call starts with open. memory: growth of the resident set until then. in its process: "
    "the resident memory of the rung's worker. package: in a bare interpreter. ± is the larger half of the 95 % "
    "interval, or of the range with fewer than six processes. Files are in the page cache.",
)
MOVES_LEGEND = (
    "moves: whether the artifact, as it was built here, works there. tested: whether this command tried it on this "
    "machine, in the way that the last column says.",
)


def cost_sheets(costs: Iterable[Cost], shared: Sequence[str], packages: Iterable[Cost]) -> Iterator[Sheet]:
    """What was measured of rungs, of the parts that they share (`shared`), and of packages."""
    every = list(costs)
    builds = [one for one in every if "cold_s" in one.figures or one.needs_compiler is not None]
    starts = [one for one in every if "first_call_s" in one.figures]
    rows = tuple(_build_row(one, one.subject in shared) for one in builds)
    if rows:
        yield Sheet("Build", BUILD, rows, 2)
    if starts:
        yield Sheet("Start", START, tuple(map(_start_row, starts)), 1)
    alone = tuple(_package_row(one) for one in packages)
    if alone:
        yield Sheet("Packages alone", PACKAGE, alone, 1)


def portability_sheet(records: Iterable[PortabilityRecord]) -> Sheet:
    rows = tuple(
        (one.artifact, one.to, one.moves, "yes" if one.is_tested else "untested", one.evidence) for one in records
    )
    return Sheet("Which artifact moves", MOVES, rows, len(MOVES))


def _build_row(one: Cost, is_shared: bool) -> tuple[str, ...]:
    words = {True: "yes", False: "no", None: "yes" if is_shared else NOTHING}
    size = one.figures.get("build_nbytes")
    if size is not None and not size.point:
        return (one.subject, words[one.needs_compiler], "nothing", "nothing", "nothing")
    return (one.subject, words[one.needs_compiler], *_times(one, "cold_s", "cached_s"), _size(size))


def _start_row(one: Cost) -> tuple[str, ...]:
    worker = one.figures["worker_rss_nbytes"]
    sizes = (_size(one.figures["rss_nbytes"]), _size(worker) if worker.point else NOTHING)
    return (one.subject, *_times(one, "import_s", "open_s", "first_call_s"), *sizes)


def _package_row(one: Cost) -> tuple[str, ...]:
    installed = one.figures["nbytes"]
    sizes = (_size(one.figures["rss_nbytes"]), _size(installed) if installed.point else "with Python")
    return (one.subject, *_times(one, "import_s"), *sizes)


def _times(one: Cost, *names: str) -> tuple[str, ...]:
    return tuple(_time(one.figures.get(name)) for name in names)


def _time(found: Interval | None) -> str:
    """A time and the half of its interval, with two digits of that at most."""
    if found is None:
        return NOTHING
    point_ns, half_ns = found.point * 1e9, half_width(found.point, found.low, found.high) * 1e9
    scale = scale_of(point_ns)
    return f"{scale.number(point_ns)} ±{scale.number(half_ns)} {scale.unit}"


def _size(found: Interval | None) -> str:
    return NOTHING if found is None else nbytes(round(found.point))
