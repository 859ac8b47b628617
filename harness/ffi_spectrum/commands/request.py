"""What `bench` was asked for, and the command line that asks for it again."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import Any

from ffi_spectrum.commands.caps import caps_of, with_caps
from ffi_spectrum.errors import UsageError
from ffi_spectrum.plan import Plan, load_profile, make_plan
from ffi_spectrum.results.record import RunRecord
from ffi_spectrum.toolchain.build import Toolchain
from ffi_spectrum.toolchain.compiler import find_compiler

DEFAULT_CC = "zig"
_FILTERS = ("rungs", "kernels", "sizes", "forms")


@dataclass(frozen=True, slots=True)
class Request:
    """The options of `bench`; an empty filter means everything."""

    profile: str = "quick"
    rungs: tuple[str, ...] = ()
    kernels: tuple[str, ...] = ()
    sizes: tuple[int, ...] = ()
    forms: tuple[str, ...] = ()
    seed: int | None = None
    cc: str = DEFAULT_CC
    max_processes: int | None = None
    cap_s: float | None = None

    def plan(self) -> Plan:
        """Raises UsageError for names that do not exist, and for a cap that leaves nothing to measure."""
        profile = with_caps(load_profile(self.profile), self.max_processes, self.cap_s)
        return make_plan(profile, self.rungs, self.kernels, self.sizes, self.forms, self.seed)

    def command(self, out: Path | None = None) -> str:
        """The options of `bench` as a command line, quoted for a shell, without the program."""
        return shlex.join(self.words(out))

    def words(self, out: Path | None = None) -> list[str]:
        """The arguments of the program that make this request."""
        words = ["bench", "--profile", self.profile]
        for option, values in zip(("rung", "kernel", "size", "form"), self._filters(), strict=True):
            words += [word for value in values for word in (f"--{option}", str(value))]
        if self.max_processes is not None:
            words += ["--max-processes", str(self.max_processes)]
        if self.cap_s is not None:
            words += ["--cap-s", f"{self.cap_s:g}"]
        if self.seed is not None:
            words += ["--seed", str(self.seed)]
        if self.cc != DEFAULT_CC:
            words += ["--cc", self.cc]
        if out is not None:
            words += ["--out", str(out)]
        return words

    def _filters(self) -> tuple[tuple[object, ...], ...]:
        return self.rungs, self.kernels, self.sizes, self.forms


def open_toolchain(cc: str) -> Toolchain:
    """The toolchain of `cc`; raises Unavailable for a compiler that was asked for and is not there.

    The default may be missing: then the rungs that need it are unavailable, and the others run.
    """
    if cc != DEFAULT_CC:
        find_compiler(cc)
    return Toolchain(cc)


def request_of(run: RunRecord) -> Request:
    """The shortest request that lays out the run's plan again.

    A file keeps the plan and not the options, so filters are tried from none to all. Where none fits, because this
    version has other rungs or kernels, all filters are given.
    """
    cases = [id.split("/") for ids in run.plan["panels"].values() for id in ids]
    profile = run.plan["profile"]
    max_processes, cap_s = caps_of(profile, load_profile(profile["name"]))
    everything = Request(
        profile=profile["name"],
        rungs=tuple(dict.fromkeys(row[2].partition(".")[0] for row in cases)),
        kernels=tuple(dict.fromkeys(row[0] for row in cases)),
        sizes=tuple(dict.fromkeys(int(row[1]) for row in cases if row[1] != "0")),
        forms=tuple(dict.fromkeys(row[3] for row in cases)),
        seed=run.plan["seed"],
        cc=_cc(run),
        max_processes=max_processes,
        cap_s=cap_s,
    )
    for count in range(len(_FILTERS), -1, -1):
        for left_out in combinations(_FILTERS, count):
            emptied: dict[str, Any] = dict.fromkeys(left_out, ())
            request = replace(everything, **emptied)
            if _fits(request, run):
                return request
    return everything


def _fits(request: Request, run: RunRecord) -> bool:
    try:
        return request.plan().sha256() == run.plan_sha256
    except UsageError:
        return False


def _cc(run: RunRecord) -> str:
    """The compiler of the native library, the default where the run needed none."""
    for named in run.artifacts.values():
        if "library" in named:
            return str(named["library"].get("compiler", DEFAULT_CC))
    return DEFAULT_CC
