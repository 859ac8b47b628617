"""Times of single calls, counted in bins of equal ratio: what percentiles are read from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import log2

# Neighbouring bins differ by 2.2 %, the resolution of every percentile.
BINS_PER_OCTAVE = 32


@dataclass(frozen=True, slots=True)
class Latency:
    """`calls` calls one after the other, each timed by itself.

    `bins` counts calls by `bin_of` their nanoseconds (a clock reading included), keys as text. `elapsed_ns` is the time
    from the first to the last; `client_cpu_ns` and `worker_cpu_ns` are what both processes used of their CPUs
    meanwhile, None where the system does not tell.
    """

    calls: int
    bins: dict[str, int]
    elapsed_ns: int
    client_cpu_ns: int
    worker_cpu_ns: int | None = None


@dataclass(slots=True)
class Percentiles:
    """Latencies of several processes together."""

    counts: Counter[int] = field(default_factory=Counter)

    def add(self, bins: Mapping[str, int]) -> None:
        for index, count in bins.items():
            self.counts[int(index)] += count

    def at(self, fraction: float) -> float | None:
        """The latency in ns that this fraction of the calls stays below; None with fewer than ten calls above it."""
        total = sum(self.counts.values())
        if total * (1 - fraction) < 10:
            return None
        seen = 0
        for index in sorted(self.counts):
            seen += self.counts[index]
            if seen >= fraction * total:
                return ns_of(index)
        return None


def bin_of(ns: float) -> int:
    """The bin of a time; everything below a nanosecond is in bin 0."""
    return round(BINS_PER_OCTAVE * log2(max(ns, 1.0)))


def ns_of(index: int) -> float:
    """The middle of a bin."""
    return float(2 ** (index / BINS_PER_OCTAVE))


def count_bins(elapsed_ns: Iterable[int]) -> dict[str, int]:
    """Calls by bin, as a Latency holds them."""
    counts = Counter(map(bin_of, elapsed_ns))
    return {str(index): counts[index] for index in sorted(counts)}
