"""From a profile and filters to panels of cases: what will be measured, in which processes, for how long."""

from __future__ import annotations

import hashlib
import json
import math
import secrets
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from importlib.resources import files
from typing import Any

from ffi_spectrum.case import FORMS, Case, PanelGroup, Status
from ffi_spectrum.errors import UsageError
from ffi_spectrum.kernels.spec import KernelSpec
from ffi_spectrum.kernels.table import KERNELS
from ffi_spectrum.prediction import block_ns, too_long, why_missing
from ffi_spectrum.rungs.base import WIDE, RungInfo
from ffi_spectrum.rungs.mixture import mixed_params
from ffi_spectrum.rungs.table import RUNGS, rung_class

PROFILES = ("quick", "full")
# Seen on a 2-core virtual machine: interpreter, NumPy, wasmtime, opening and checking every rung.
STARTUP_S = 0.25
# What calibration costs, in blocks; and the least rounds of a slow case.
CALIBRATION_BLOCKS = 3
MIN_ROUNDS = 4
# Ratios refer to it, so it is in every panel, whatever was asked for.
ANCHOR = "floor"
# In a panel of another group these stand for the in-process rungs, called with prebound pointers.
ANCHORS = (ANCHOR, "cffi_api")


IN_PROCESS: PanelGroup = "in-process"
Absent = tuple[Case, Status, str]


@dataclass(frozen=True, slots=True)
class Profile:
    """How much to measure.

    `block_ns` is the aim for one block, `rounds` how often each case gets one per process; a process that has not
    ended after `deadline_s` counts as hung. A case predicted to take more than `max_call_ms` a call is left out. Single
    calls to another process are timed for `latency_ms` each; unless kernels or such rungs are asked for by name, only
    the kernels in `out_of_process` are called there, and those in `device` on a device. `calls` says of which kernels
    one crossing makes how many calls, `windows` how many pipelined calls may be outstanding.

    A panel's intervals are looked at after each number of processes in `looks`, and after the last one it ends, however
    wide they are; so it does where the processes up to the next look would take more than `cap_s` in all: an equal
    share of `budget_s`, where there is one. `stopping` holds what else decides at a look, to be stored with the plan.
    """

    name: str
    looks: tuple[int, ...]
    rounds: int
    block_ns: int
    deadline_s: float
    max_call_ms: float
    latency_ms: int
    out_of_process: tuple[str, ...]
    sizes: dict[str, tuple[int, ...]] = field(default_factory=dict)
    calls: dict[str, tuple[int, ...]] = field(default_factory=dict)
    windows: tuple[int, ...] = ()
    device: tuple[str, ...] = ()
    budget_s: float | None = None
    cap_s: float | None = None
    stopping: dict[str, Any] = field(default_factory=dict)

    def shared_by(self, panels: int) -> Profile:
        """This profile with its budget divided among so many panels."""
        return replace(self, cap_s=round(self.budget_s / panels, 2)) if self.budget_s else self

    def last_look(self, process_s: float) -> int:
        """The most processes of a panel whose processes take that long."""
        return max(look for look in self.looks if look == self.looks[0] or look * process_s <= (self.cap_s or math.inf))


@dataclass(frozen=True, slots=True)
class Panel:
    """The cases that are measured together, in the same processes and rounds."""

    kernel: str
    size: int
    panel_group: str
    cases: tuple[Case, ...]
    process_s: float = 0.0

    @property
    def id(self) -> str:
        return f"{self.panel_group}/{self.kernel}/{self.size}"

    def predicted_s(self, profile: Profile) -> tuple[float, float]:
        """Seconds that this panel takes up to its first look, and up to its cap."""
        return profile.looks[0] * self.process_s, profile.last_look(self.process_s) * self.process_s


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that a run will do; `absent` are cases that do not exist or would take too long, with the reason."""

    profile: Profile
    panels: tuple[Panel, ...]
    absent: tuple[Absent, ...]
    seed: int

    def predicted_s(self) -> tuple[float, float]:
        """Seconds of measuring, builds not included: if every panel stops at its first look, and at most."""
        least, most = zip(*(panel.predicted_s(self.profile) for panel in self.panels), strict=True)
        return sum(least), sum(most)

    def to_json(self) -> dict[str, Any]:
        """The plan as it is stored and hashed."""
        return {
            "profile": asdict(self.profile),
            "seed": self.seed,
            "panels": {panel.id: [case.id for case in panel.cases] for panel in self.panels},
        }

    def sha256(self) -> str:
        """Two runs with the same value measure the same cases in the same way; the seed may differ."""
        content = {name: value for name, value in self.to_json().items() if name != "seed"}
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def load_profile(name: str) -> Profile:
    """Read a profile that ships with the package; raises UsageError for another name."""
    if name not in PROFILES:
        raise UsageError(f"no profile {name!r}; there are {', '.join(PROFILES)}")
    row = tomllib.loads(files("ffi_spectrum.profiles").joinpath(f"{name}.toml").read_text())
    sizes, calls = ({kernel: tuple(v) for kernel, v in row[axis].items()} for axis in ("sizes", "calls"))
    return Profile(
        name, tuple(row["looks"]), row["rounds"], row["block_us"] * 1000, row["deadline_s"], row["max_call_ms"],
        row["latency_ms"], tuple(row["out_of_process"]), sizes, calls, tuple(row["windows"]),
        tuple(row.get("device", ())), row.get("budget_s"),
    )  # fmt: skip


def make_plan(
    profile: Profile,
    rungs: Sequence[str] = (),
    kernels: Sequence[str] = (),
    sizes: Sequence[int] = (),
    forms: Sequence[str] = (),
    seed: int | None = None,
) -> Plan:
    """Lay out the panels; an empty filter means everything. Raises UsageError for unknown names or an empty plan."""
    refuse_unknown("rung", rungs, RUNGS)
    refuse_unknown("kernel", kernels, KERNELS)
    refuse_unknown("form", forms, FORMS)
    if any(size < 0 for size in sizes):
        raise UsageError(f"a size counts elements and cannot be negative: {min(sizes)}")
    chosen_rungs = [name for name in RUNGS if not rungs or name in rungs or name == ANCHOR]
    panels: list[Panel] = []
    absent: list[Absent] = []
    for kernel in (kernel for kernel in KERNELS.values() if _is_planned(kernel, kernels, profile)):
        for size in _sizes(kernel, profile, sizes):
            here = [name for name in chosen_rungs if kernels or name in rungs or _is_usual(name, kernel, profile)]
            cases = list(_cases(kernel, size, here, forms, profile, absent))
            for group in dict.fromkeys(_group(case.rung) for case in cases):
                own = tuple(case for case in cases if _group(case.rung) == group)
                if group != IN_PROCESS:
                    own = (*_cases(kernel, size, ANCHORS, ("prebound",), profile, []), *own)
                if any(case.rung != ANCHOR for case in own) or ANCHOR in rungs:
                    panels.append(Panel(kernel.name, size, group, own, _process_s(kernel, size, own, profile)))
    if not panels:
        why = absent[0][2] if absent else "the chosen rungs, kernels, sizes and forms exclude each other"
        raise UsageError(f"no case is left: {why}")
    shared = profile.shared_by(len(panels))
    return Plan(shared, tuple(panels), tuple(absent), secrets.randbits(32) if seed is None else seed)


def _is_planned(kernel: KernelSpec, kernels: Sequence[str], profile: Profile) -> bool:
    """True for what is asked for by name; without names, for all but probes that the profile has no sizes for."""
    return kernel.name in kernels if kernels else not kernel.is_probe or kernel.name in profile.sizes


def _group(rung: str) -> PanelGroup:
    return rung_class(rung).info.panel_group


def _is_usual(rung: str, kernel: KernelSpec, profile: Profile) -> bool:
    """True where the profile calls this kernel through the rung without being asked to."""
    if rung_class(rung).info.uses_device:
        return kernel.name in profile.device
    return _group(rung) != "out-of-process" or kernel.name in profile.out_of_process


def _cases(
    kernel: KernelSpec, size: int, rungs: Iterable[str], forms: Sequence[str], profile: Profile, absent: list[Absent]
) -> Iterable[Case]:
    for name in rungs:
        rung = rung_class(name)
        for way in rung.ways(kernel):
            if forms and way.form not in forms and name != ANCHOR:
                continue
            for case in _sized(way, size, profile):
                missing = why_missing(case, rung, kernel)
                reason = missing or too_long(case, rung.info, kernel, profile.max_call_ms, profile.name)
                if reason:
                    absent.append((case, "unavailable" if missing else "skipped", reason))
                else:
                    yield case


def _sized(way: Case, size: int, profile: Profile) -> list[Case]:
    """The way at this size; where one crossing makes many calls, as many as the profile asks for with this kernel."""
    window = dict(way.params).get("window")
    if window is not None and window not in profile.windows:  # a device's queue has no window of ours
        return []
    if way.strategy not in WIDE:
        return [replace(way, size=size)]
    calls = profile.calls.get(way.kernel, ())
    params = [*({"calls": n} for n in calls), *map(dict, mixed_params(way, calls))]
    return [replace(way, size=size).with_params(**numbers) for numbers in params]


def _process_s(kernel: KernelSpec, size: int, cases: tuple[Case, ...], profile: Profile) -> float:
    """Predicted seconds of one process: start-up and checks, every case, far side and control in each round, trials.

    A case slower than a block gets one call per block, in fewer rounds.
    """
    infos = {case.rung: rung_class(case.rung).info for case in cases}
    seconds = STARTUP_S + sum(info.startup_s for info in infos.values())
    seconds += max(info.beside_s.get(kernel.name, 0.0) for info in infos.values())
    seconds += sum(_is_timed_singly(case, infos[case.rung]) for case in cases) * profile.latency_ms / 1000
    firsts = [next(case for case in cases if case.rung == rung) for rung in infos]  # far side and its single call
    for case in (*cases, *firsts, *firsts):
        own_ns = block_ns(case, infos[case.rung], kernel, profile.block_ns)
        rounds = max(MIN_ROUNDS, profile.rounds / max(1.0, own_ns / profile.block_ns / 2))
        seconds += (rounds + CALIBRATION_BLOCKS) * own_ns * 1e-9
    return seconds


def _is_timed_singly(case: Case, info: RungInfo) -> bool:
    return info.panel_group == "out-of-process" and case.strategy == "per_call"


def _sizes(kernel: KernelSpec, profile: Profile, sizes: Sequence[int]) -> tuple[int, ...]:
    if not kernel.dims(1):
        return (0,)
    return tuple(dict.fromkeys(sizes)) or profile.sizes.get(kernel.name, (kernel.bench_size,))


def refuse_unknown(what: str, given: Iterable[str], known: Iterable[str]) -> None:
    """Raise UsageError for the first name that is not known, with those that are."""
    unknown = [name for name in given if name not in known]
    if unknown:
        raise UsageError(f"no {what} {unknown[0]!r}; there are {', '.join(known)}")
