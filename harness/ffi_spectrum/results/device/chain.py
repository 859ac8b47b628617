"""Dense layers in a chain, from copy in to copy out, and calls whose arrays stay on the device or are copied."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ChainTimes:
    """Iterations of so many layers by one way: new input data copied in, all layers, the result copied out, one wait.

    `path` launches: a rung, "c" (the launcher in C: one crossing for all launches), "graph", or "" where nothing is
    launched. `kernels` are "three" a layer (product, bias, relu), "fused" (one), "cuBLAS" (its product, and two of
    ours), "fused, copies" (a graph that copies, too) or "none" (copies alone). `wrong` counts iterations whose result
    is not the oracle's.
    """

    layers: int
    path: str
    kernels: str
    strategy: str
    elapsed_ns: list[int]
    wrong: int


@dataclass(frozen=True, slots=True)
class LayerParts:
    """So many layers without copies: `held_ns` to launch them on a held stream, `drained_ns` to run them afterwards.

    The second begins with the release of the stream and ends with the wait for it.
    """

    layers: int
    path: str
    kernels: str
    held_ns: list[int]
    drained_ns: list[int]


@dataclass(frozen=True, slots=True)
class PlacedTimes:
    """Calls of a kernel, each waited for; `nbytes` is the size of each array that is copied.

    `placement` says where the inputs are when a call begins and the output has to be when it ends: "resident" on the
    device, or in the host's "pageable" or "pinned" memory. `wrong` counts calls whose result is not the oracle's.
    """

    kernel: str
    nbytes: int
    placement: str
    elapsed_ns: list[int]
    wrong: int


@dataclass(frozen=True, slots=True)
class ChainSample:
    """What one process saw of chains and placements."""

    times: list[ChainTimes] = field(default_factory=list)
    parts: list[LayerParts] = field(default_factory=list)
    placed: list[PlacedTimes] = field(default_factory=list)
