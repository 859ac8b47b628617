"""Replays, copies and returns on a device, as medians over all processes of a run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import repeat
from statistics import median

from ffi_spectrum.results.device import DeviceSample
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
class GraphRow:
    """Of a graph of `nodes` launches; times in nanoseconds for all nodes.

    `pays_after` is how many replays save, against the loop, what capture and instantiation cost; None where a replay
    saves nothing.
    """

    nodes: int
    capture_ns: float
    instantiate_ns: float
    held_ns: float
    replay_ns: float
    loop_ns: float
    update_ns: float
    recapture_ns: float
    wrong: int
    pays_after: float | None


@dataclass(frozen=True, slots=True)
class DurationRow:
    """Nanoseconds per launch of a kernel that runs for `duration_ns`: waited for each, in a row, and from a graph.

    `row_hidden` and `graph_hidden` are the shares of the toll that a wait after each launch takes which the other two
    hide: 1 - (T/N - d) / (T_each/N - d), N being the launches and d the kernel's own time.
    """

    path: str
    duration_ns: int
    each_ns: float
    row_ns: float
    graph_ns: float

    @property
    def row_hidden(self) -> float:
        return 1 - (self.row_ns - self.duration_ns) / (self.each_ns - self.duration_ns)

    @property
    def graph_hidden(self) -> float:
        return 1 - (self.graph_ns - self.duration_ns) / (self.each_ns - self.duration_ns)


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
        graphs=tuple(_graphs(samples)),
        durations=tuple(_durations(samples)),
        copies=tuple(_copies(samples)),
        overlap_ns={
            name: median(ns for sample in samples for ns in sample.overlap_ns.get(name, ()))
            for name in (samples[0].overlap_ns if samples else ())
        },
    )


def replays_to_pay(once_ns: float, replay_ns: float, loop_ns: float) -> float | None:
    """How many replays save what is paid once; None where a replay is no faster than the loop."""
    return once_ns / (loop_ns - replay_ns) if loop_ns > replay_ns else None


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


def _graphs(samples: list[DeviceSample]) -> Iterable[GraphRow]:
    for nodes in dict.fromkeys(one.nodes for sample in samples for one in sample.graphs):
        found = [one for sample in samples for one in sample.graphs if one.nodes == nodes]
        middle = partial(_middle, found)
        once = middle("capture_ns") + middle("instantiate_ns")
        yield GraphRow(
            nodes, middle("capture_ns"), middle("instantiate_ns"), middle("held_ns"), middle("replay_ns"),
            middle("loop_ns"), middle("update_ns"), middle("recapture_ns"), sum(one.wrong for one in found),
            replays_to_pay(once, middle("replay_ns"), middle("loop_ns")),
        )  # fmt: skip


def _durations(samples: list[DeviceSample]) -> Iterable[DurationRow]:
    every = [one for sample in samples for one in sample.durations]
    for path in dict.fromkeys(name for one in every for name in one.each_ns):
        for duration_ns in dict.fromkeys(one.duration_ns for one in every):
            found = [one for one in every if one.duration_ns == duration_ns and path in one.each_ns]
            each = median(ns / one.launches for one in found for ns in one.each_ns[path])
            row = median(ns / one.launches for one in found for ns in one.row_ns[path])
            graph = median(ns / one.launches for one in found for ns in one.graph_ns)
            yield DurationRow(path, duration_ns, each, row, graph)


def _copies(samples: list[DeviceSample]) -> Iterable[CopyRow]:
    for way in dict.fromkeys(name for sample in samples for name in sample.copies):
        every = [one for sample in samples for one in sample.copies.get(way, ())]
        for nbytes in dict.fromkeys(one.nbytes for one in every):
            found = [one for one in every if one.nbytes == nbytes]
            yield CopyRow(way, nbytes, _middle(found, "returned_ns"), _middle(found, "done_ns"))


def _middle(found: Sequence[object], name: str) -> float:
    """The median of all numbers in the lists of this name."""
    return float(median(ns for one in found for ns in getattr(one, name)))
