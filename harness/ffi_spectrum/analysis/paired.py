"""What the processes of one panel say of its cases: one value per process, paired by round within it."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from statistics import median

from ffi_spectrum.analysis.estimate import FLOOR
from ffi_spectrum.analysis.resample import Sampled, sample_median
from ffi_spectrum.analysis.rounds import Net, nets_and_works, subtract
from ffi_spectrum.case import Case
from ffi_spectrum.results.record import ProcessRecord, group_of
from ffi_spectrum.results.store import Results


@dataclass(frozen=True, slots=True)
class _Process:
    """Nanoseconds per call by round: net of the empty loop by case id, of far sides by name; each case's far side."""

    nets: dict[str, Net]
    works: dict[str, Net]
    far: dict[str, str]

    def work(self, id: str) -> Net | None:
        return self.works.get(self.far[id])


@dataclass(slots=True)
class PairedPanel:
    """One panel; its cases are those that some process measured and none saw fail."""

    id: str
    kernel: str
    size: int
    cases: dict[str, Case] = field(default_factory=dict)
    _processes: list[_Process] = field(default_factory=list)

    @property
    def group(self) -> str:
        return group_of(self.id)

    def find(self, like: Case) -> Case | None:
        """The case that equals `like` but for this panel's kernel and size; None where it was not measured."""
        wanted = replace(like, kernel=self.kernel, size=self.size)
        return wanted if wanted.id in self.cases else None

    def prebound(self, like: Case) -> Iterator[Case]:
        """The same, prebound: of its variant and of none, for some variants are ways to convert, and others not."""
        for variant in dict.fromkeys((like.variant, "")):
            found = self.find(replace(like, form="prebound", variant=variant))
            if found is not None:
                yield found

    def dispatch(self, like: Case) -> Case | None:
        """The call that takes nothing, of the rung of `like`, where this panel's kernel does; None without a far side.

        Its boundary is what the rung's call costs before there are arguments.
        """
        return next((case for case in self.prebound(replace(like, placement="none")) if self.boundaries(case)), None)

    def calls(self, case: Case) -> list[float]:
        """Nanoseconds per call of the kernel, a value per process."""
        return [median(process.nets[case.id].values()) for process in self._having(case)]

    def works(self, case: Case) -> list[float]:
        """Nanoseconds per iteration of the case's far-side loop, a value per process; empty without a far side."""
        found = (process.work(case.id) for process in self._having(case))
        return [median(work.values()) for work in found if work is not None]

    def boundaries(self, case: Case) -> list[float]:
        """The call less its far side's iteration; empty without a far side."""
        found = ((process.nets[case.id], process.work(case.id)) for process in self._having(case))
        return [median(subtract(net, work).values()) for net, work in found if work is not None]

    def differences(self, left: Case, right: Case) -> list[float]:
        """The calls of `left` less those of `right`, a value per process that has both."""
        both = [process for process in self._having(left) if right.id in process.nets]
        return [median(subtract(p.nets[left.id], p.nets[right.id]).values()) for p in both]

    def double_differences(self, left: tuple[Case, Case], right: tuple[Case, Case]) -> list[float]:
        """The difference of `left`'s two calls less that of `right`'s, a value per process that has all four."""
        found = []
        for process in self._having(left[0]):
            if all(case.id in process.nets for case in (*left, *right)):
                one, other = (subtract(process.nets[a.id], process.nets[b.id]) for a, b in (left, right))
                found.append(median(subtract(one, other).values()))
        return found

    def sampled(self, values: list[float]) -> Sampled:
        """The median over processes; what comes from equally many of them is drawn together."""
        return sample_median(values, zlib.crc32(self.id.encode()))

    def _having(self, case: Case) -> Iterator[_Process]:
        return (process for process in self._processes if case.id in process.nets)

    def add(self, record: ProcessRecord, left_out: set[str]) -> None:
        """Take in one process, without the cases whose ids are in `left_out`."""
        nets, works = nets_and_works(record)
        rows = [row for row in record.cases if row.case.id not in left_out and row.case.rung != FLOOR]
        self.cases |= {row.case.id: row.case for row in rows}
        self._processes.append(
            _Process({row.case.id: nets[row.case.id] for row in rows}, works, {row.case.id: row.far for row in rows})
        )


def paired_panels(results: Results) -> list[PairedPanel]:
    """The panels of a run, in the order of its plan; the floor, which all others stand on, is no case of them.

    Of a case in panels of several groups, as an anchor is, the first group that the plan names counts.
    """
    left_out, groups = results.left_out, results.first_groups
    panels: dict[str, PairedPanel] = {}
    for panel in results.run.plan["panels"]:
        _, kernel, size = panel.split("/")
        panels[panel] = PairedPanel(panel, kernel, int(size))
    for record in results.processes:
        if record.panel in panels:
            others = {row.case.id for row in record.cases if groups.get(row.case.id, record.group) != record.group}
            panels[record.panel].add(record, left_out | others)
    return [panel for panel in panels.values() if panel.cases]
