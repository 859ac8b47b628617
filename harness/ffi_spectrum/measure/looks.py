"""The order of processes: all panels up to a look, then those that the look does not stop up to their next one."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable

from ffi_spectrum.measure.observer import Observer
from ffi_spectrum.plan import Panel, Plan
from ffi_spectrum.results.store import Results

# Up to how many processes a panel, named by its id, is to be measured: where that many are there already, it stops. As
# it follows from the results alone, a run that was killed goes on as it would have.
NextLook = Callable[[Results, str], int]
# Runs one process of a panel and stores it; False where the panel has no case left to measure.
Sample = Callable[[Panel, int], bool]
Work = list[tuple[Panel, int]]


def measure_panels(plan: Plan, results: Results, next_look: NextLook, sample: Sample, observer: Observer) -> None:
    """Measure what `results` lack, until every panel stops; up to a look, processes of all panels are shuffled."""
    clock = _Clock()
    open_panels = list(plan.panels)
    done = len(results.processes)
    work = _missing(open_panels, results, next_look)
    observer.bound(_most_s(plan, results, work))
    observer.start(done + len(work), done, _predicted_s(work))
    while work:
        random.Random(plan.seed).shuffle(work)
        left = Counter(panel.id for panel, _ in work)
        left_s, total = _predicted_s(work), done + len(work)
        emptied: set[str] = set()
        for panel, process in work:
            if not sample(panel, process):
                emptied.add(panel.id)
            done, left_s = done + 1, left_s - panel.process_s
            observer.process_done(panel.id, done, total, clock.seconds(panel.process_s, left_s))
        open_panels = [panel for panel in open_panels if panel.id in left and panel.id not in emptied]
        work = _missing(open_panels, results, next_look)
        going_on = {panel.id for panel, _ in work}
        for id in left:
            if id not in going_on:
                observer.panel_done(id)
        if work:
            observer.go_on(len(going_on), done + len(work), _predicted_s(work))


def _missing(panels: list[Panel], results: Results, next_look: NextLook) -> Work:
    """The processes that lead to each panel's next look."""
    finished = {(record.panel, record.process) for record in results.processes}
    return [
        (panel, process)
        for panel in panels
        for process in range(next_look(results, panel.id))
        if (panel.id, process) not in finished
    ]


def _predicted_s(work: Work) -> float:
    return sum(panel.process_s for panel, _ in work)


def _most_s(plan: Plan, results: Results, work: Work) -> float:
    """Seconds of what is missing, should every panel that goes on run to its cap."""
    held = Counter(record.panel for record in results.processes)
    looks = {panel: plan.profile.last_look(panel.process_s) for panel, _ in work}
    return max(_predicted_s(work), sum((look - held[panel.id]) * panel.process_s for panel, look in looks.items()))


class _Clock:
    """Corrects predictions by how long earlier processes really took."""

    def __init__(self) -> None:
        self._started_s = time.monotonic()
        self._predicted_s = 0.0

    def seconds(self, spent_s: float, left_s: float) -> float:
        """How long `left_s` of predicted work will take; `spent_s` was predicted of what has just ended."""
        self._predicted_s += spent_s
        return left_s * (time.monotonic() - self._started_s) / self._predicted_s
