"""Chains of dense layers and placements of arrays, as medians over all processes, beside what a model predicts.

The model knows nothing of a whole chain: the copies alone, and for each way what the host and what the device needs for
a layer apart from the other. Launched in a row, a layer takes the larger of the two.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from ffi_spectrum.results.device.chain import ChainTimes, LayerParts, PlacedTimes
from ffi_spectrum.results.device.sample import DeviceSample

# Ways through a chain, by path, kernels and strategy, that differ in one thing, and what that thing is.
_STEPS = {
    "one kernel for three, CuPy": (("cupy_raw", "three", "pipelined"), ("cupy_raw", "fused", "pipelined")),
    "one kernel for three, C": (("c", "three", "pipelined"), ("c", "fused", "pipelined")),
    "launched from C, three kernels": (("cupy_raw", "three", "pipelined"), ("c", "three", "pipelined")),
    "launched from C, one kernel": (("cupy_raw", "fused", "pipelined"), ("c", "fused", "pipelined")),
    "a late wait, CuPy": (("cupy_raw", "three", "per_call"), ("cupy_raw", "three", "pipelined")),
    "a late wait, C": (("c", "three", "per_call"), ("c", "three", "pipelined")),
    "a graph for C, three kernels": (("c", "three", "pipelined"), ("graph", "three", "replayed")),
    "a graph for C, one kernel": (("c", "fused", "pipelined"), ("graph", "fused", "replayed")),
    "copies in the graph": (("graph", "fused", "replayed"), ("graph", "fused, copies", "replayed")),
}


@dataclass(frozen=True, slots=True)
class ChainRow:
    """An iteration of `layers` layers in nanoseconds; `model_ns` where the strategy is one that the model knows."""

    layers: int
    path: str
    kernels: str
    strategy: str
    iteration_ns: float
    model_ns: float | None
    iterations: int
    wrong: int

    @property
    def layer_ns(self) -> float:
        """Per layer, with a share of the copies."""
        return self.iteration_ns / max(self.layers, 1)


@dataclass(frozen=True, slots=True)
class LayerRow:
    """Nanoseconds that a layer takes the host (binding and driver, on a held stream) and the device (queue full)."""

    path: str
    kernels: str
    host_ns: float
    device_ns: float


@dataclass(frozen=True, slots=True)
class SavingRow:
    """What a step saves in an iteration, and what the model says of it."""

    layers: int
    step: str
    saved_ns: float
    model_ns: float | None


@dataclass(frozen=True, slots=True)
class PlacedRow:
    """A call in nanoseconds by placement; `nbytes` of each array that is copied."""

    kernel: str
    nbytes: int
    times_ns: Mapping[str, float]
    wrong: int


@dataclass(frozen=True, slots=True)
class ChainTrials:
    """Empty where a run had no device, or was recorded before there were chains."""

    rows: tuple[ChainRow, ...] = ()
    parts: tuple[LayerRow, ...] = ()
    savings: tuple[SavingRow, ...] = ()
    placed: tuple[PlacedRow, ...] = ()


def chain_trials(samples: Sequence[DeviceSample]) -> ChainTrials:
    """Medians over all iterations of all processes."""
    parts = tuple(_parts([part for sample in samples for part in sample.chain.parts]))
    rows = tuple(_rows([times for sample in samples for times in sample.chain.times], parts))
    placed = tuple(_placed([one for sample in samples for one in sample.chain.placed]))
    return ChainTrials(rows, parts, tuple(_savings(rows)), placed)


def _parts(every: list[LayerParts]) -> Iterable[LayerRow]:
    for path, kernels in dict.fromkeys((part.path, part.kernels) for part in every):
        found = [part for part in every if (part.path, part.kernels) == (path, kernels)]
        host = median(ns / part.layers for part in found for ns in part.held_ns)
        yield LayerRow(path, kernels, host, median(ns / part.layers for part in found for ns in part.drained_ns))


def _rows(every: list[ChainTimes], parts: Iterable[LayerRow]) -> Iterable[ChainRow]:
    copies = [ns for one in every if one.layers == 0 for ns in one.elapsed_ns]
    layer_ns = {(part.path, part.kernels): max(part.host_ns, part.device_ns) for part in parts}
    for key in dict.fromkeys((one.layers, one.path, one.kernels, one.strategy) for one in every):
        found = [one for one in every if (one.layers, one.path, one.kernels, one.strategy) == key]
        layers, path, kernels, strategy = key
        known = copies and strategy == "pipelined" and (path, kernels) in layer_ns
        model = median(copies) + layers * layer_ns[path, kernels] if known else None
        times = [ns for one in found for ns in one.elapsed_ns]
        yield ChainRow(*key, median(times), model, len(times), sum(one.wrong for one in found))


def _savings(rows: Sequence[ChainRow]) -> Iterable[SavingRow]:
    by_key = {(row.layers, (row.path, row.kernels, row.strategy)): row for row in rows}
    for layers in dict.fromkeys(row.layers for row in rows):
        for step, ends in _STEPS.items():
            before, after = (by_key.get((layers, end)) for end in ends)
            if before is None or after is None:
                continue
            models = [ns for ns in (before.model_ns, after.model_ns) if ns is not None]
            model = models[0] - models[1] if len(models) == 2 else None
            yield SavingRow(layers, step, before.iteration_ns - after.iteration_ns, model)


def _placed(every: list[PlacedTimes]) -> Iterable[PlacedRow]:
    for kernel, nbytes in dict.fromkeys((one.kernel, one.nbytes) for one in every):
        found = [one for one in every if (one.kernel, one.nbytes) == (kernel, nbytes)]
        times = {
            placement: median(ns for one in found if one.placement == placement for ns in one.elapsed_ns)
            for placement in dict.fromkeys(one.placement for one in found)
        }
        yield PlacedRow(kernel, nbytes, times, sum(one.wrong for one in found))
