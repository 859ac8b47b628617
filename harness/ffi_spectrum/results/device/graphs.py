"""Graphs: recording them, replaying them, and launching them on the host."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class GraphTimes:
    """A graph of so many dependent launches, and the same launches by the C loop.

    `held_ns` is recorded no longer (see GraphLaunches): one launch of the graph on the host with the stream held back.
    `replay_ns` is a launch and the wait for it, each on new input data, and `loop_ns` the same for the loop.
    `update_ns` is the change of a scalar (captured anew, and taken over by the executable graph), `recapture_ns` a
    changed shape (captured and instantiated anew). `wrong` counts replays that did not give what the oracle says.
    """

    nodes: int
    capture_ns: list[int]
    instantiate_ns: list[int]
    held_ns: list[int]
    replay_ns: list[int]
    loop_ns: list[int]
    update_ns: list[int]
    recapture_ns: list[int]
    wrong: int


@dataclass(frozen=True, slots=True)
class GraphLaunches:
    """Launches of a graph of `nodes` on the host, the stream held back: nothing of it runs meanwhile.

    `blocks_ns` are blocks of `launches` launches each, by path, one block of each path after the other in turns: "c" is
    one crossing for all of a block, by the C launcher. `entry_ns` is such a crossing for no launch. `wrong` counts
    held streams after which the result was not what the oracle says.
    """

    nodes: int
    launches: int
    blocks_ns: dict[str, list[int]]
    entry_ns: list[int]
    wrong: int
