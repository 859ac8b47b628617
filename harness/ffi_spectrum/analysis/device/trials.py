"""Replays, copies and returns on a device, as medians over all processes of a run."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import repeat
from statistics import median

from ffi_spectrum.analysis.device.chain import ChainTrials, chain_trials
from ffi_spectrum.analysis.device.cupti import LaunchMethods, launch_methods
from ffi_spectrum.analysis.device.durations import DurationRow, duration_rows, overlapping_kernels
from ffi_spectrum.analysis.device.graphs import GraphCosts, GraphRow, graph_costs, graph_rows, middle_of
from ffi_spectrum.analysis.device.queue import QueuePoints, queue_points
from ffi_spectrum.analysis.device.waiting import WaitRow, wait_rows
from ffi_spectrum.results.device.sample import DeviceSample
from ffi_spectrum.results.store import Results


@dataclass(frozen=True, slots=True)
class ReturnRow:
    """An action behind a kernel that runs: in how many of `trials` it returned before the kernel was over.

    One that returned within the first half of the kernel's time did, whatever the stream said when it was asked: the
    process may have been put aside between return and question.
    """

    action: str
    trials: int
    early: int
    returned_ns: float


@dataclass(frozen=True, slots=True)
class CopyRow:
    """One number of bytes, one way: until the call returned and until the copy was over."""

    way: str
    nbytes: int
    returned_ns: float
    done_ns: float


@dataclass(frozen=True, slots=True)
class DeviceTrials:
    """Everything beside the launches; empty where a run had no device."""

    device: str
    returns: tuple[ReturnRow, ...]
    graphs: tuple[GraphRow, ...]
    durations: tuple[DurationRow, ...]
    copies: tuple[CopyRow, ...]
    overlap_ns: dict[str, float]
    waiting: tuple[WaitRow, ...] = ()
    methods: LaunchMethods | None = None
    chain: ChainTrials = field(default_factory=ChainTrials)
    graph_costs: GraphCosts = field(default_factory=GraphCosts)
    overlapping: int = 0
    queue: QueuePoints = field(default_factory=QueuePoints)

    @property
    def hidden(self) -> float | None:
        """The share of the shorter of copy and kernel that both at once hide; None without samples."""
        alone = [self.overlap_ns.get(name) for name in ("copy", "kernel", "both")]
        copy, kernel, both = alone
        if copy is None or kernel is None or both is None:
            return None
        return (copy + kernel - both) / min(copy, kernel)


def device_trials(results: Results) -> DeviceTrials:
    """Medians over all trials of all processes."""
    samples = [process.device for process in results.processes if process.device is not None]
    return DeviceTrials(
        device=_device(samples),
        returns=tuple(_returns(samples)),
        graphs=tuple(graph_rows(samples)),
        durations=tuple(duration_rows(samples)),
        copies=tuple(_copies(samples)),
        overlap_ns={
            name: median(ns for sample in samples for ns in sample.overlap_ns.get(name, ()))
            for name in (samples[0].overlap_ns if samples else ())
        },
        waiting=tuple(wait_rows(samples)),
        methods=launch_methods(samples),
        chain=chain_trials(samples),
        graph_costs=graph_costs(samples),
        overlapping=overlapping_kernels(samples),
        queue=queue_points(samples),
    )


def _device(samples: list[DeviceSample]) -> str:
    facts = samples[0].facts if samples else {}
    if not facts:
        return ""
    packages = ", ".join(f"{name} {number}" for name, number in facts.get("packages", {}).items())
    return f"{facts.get('name')}, driver {facts.get('driver')}, {packages}"


def _returns(samples: list[DeviceSample]) -> Iterable[ReturnRow]:
    for action in dict.fromkeys(name for sample in samples for name in sample.returns):
        found = [sample.returns[action] for sample in samples if action in sample.returns]
        done = [over for one in found for over in map(_is_over, repeat(one.busy_ns), one.returned_ns, one.was_done)]
        yield ReturnRow(action, len(done), done.count(False), median(ns for one in found for ns in one.returned_ns))


def _is_over(busy_ns: int, returned_ns: int, was_done: bool) -> bool:
    return was_done and returned_ns > busy_ns // 2


def _copies(samples: list[DeviceSample]) -> Iterable[CopyRow]:
    for way in dict.fromkeys(name for sample in samples for name in sample.copies):
        every = [one for sample in samples for one in sample.copies.get(way, ())]
        for nbytes in dict.fromkeys(one.nbytes for one in every):
            found = [one for one in every if one.nbytes == nbytes]
            yield CopyRow(way, nbytes, middle_of(found, "returned_ns"), middle_of(found, "done_ns"))
