"""A machine that is computed: light processes whose blocks take what their cases cost, and what they inherit."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from ffi_spectrum.measure.sampling import Protocol, sample_once
from ffi_spectrum.measure.snippet import call
from ffi_spectrum.measure.timing import Item, time_rounds
from ffi_spectrum.results.sample import CONTROLS, Sample

# Four snippets of one cost, as `Subjects.identical` are of two.
TWINS = [call("noop()", setup="def noop(): pass")] * 4
CALL_NS, JITTER_NS = 50.0, 0.1
# What follows the thermometer runs so much slower: as behind wide vector instructions, which lower a core's clock.
INHERITED = 1.05
COSTS_NS = {"empty": 3.0, "noop": 20.0, "duplicate": CALL_NS, "thermometer": 800.0}


class Core:
    """One core; `behind` is the item that it ran before the one that it runs now."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.now = self.behind = -1

    def block(self, index: int, cost_ns: float, source_of_inheritance: int) -> Callable[[int], int]:
        own_ns = cost_ns + self.rng.gauss(0, JITTER_NS)

        def block(times: int) -> int:
            if index != self.now:
                self.behind, self.now = self.now, index
            return round(times * own_ns * (INHERITED if self.behind == source_of_inheritance else 1.0))

        return block


def answer(job: dict[str, Any], protocol: Protocol, seed: int, padding: int) -> dict[str, Any]:
    """What `light.main` answers to a job, in place of `sampling._run`: the real rounds on a core that is computed."""
    core = Core(seed)
    costs = [CALL_NS] * len(job["snippets"]) + [COSTS_NS[name] for name in CONTROLS]
    items = [Item(core.block(index, ns, len(costs) - 1), index) for index, ns in enumerate(costs)]
    for item, ns in zip(items, costs, strict=True):
        item.iterations = round(protocol.block_ns / ns)
    disturbed = time_rounds(items, job["orders"], lambda index: None)
    series = [(item.iterations, item.rounds, item.elapsed_ns) for item in items]
    return {"series": series, "disturbed": disturbed, "waited": 0.0, "pinned": True}


def simulate(processes: int) -> list[Sample]:
    """Samples of TWINS by `sample_once`, with whatever a test has put in the place of its parts."""
    return [sample_once(TWINS, Protocol(), seed) for seed in range(processes)]
