"""Kernels of known length: what of the toll is hidden, from which length it hardly counts, and which model holds."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean, median

from ffi_spectrum.results.device.sample import DeviceSample

# A toll below this share of the kernel's own time hardly counts.
SMALL_SHARE = 0.01
# A model holds where it is nowhere further off than this.
HOLDS_WITHIN = 0.1
ADDITIVE, MAXIMUM = "host + latency + d", "max(host, d + gap)"


@dataclass(frozen=True, slots=True)
class DurationRow:
    """Nanoseconds per launch of a kernel that was asked to run for `duration_ns`, by four ways.

    They are: waited for each, in a row of `launches`, from a graph, and from graphs of dependent launches by order.
    `own_ns` is how long the kernel ran by the device's clock (None where that was not recorded). What is hidden is the
    share of the toll that a wait after each launch takes: 1 - (T/N - d) / (T_each/N - d), N being the launches and d
    the kernel's own time.
    """

    path: str
    duration_ns: int
    each_ns: float
    row_ns: float
    graph_ns: float
    own_ns: float | None = None
    dependent_ns: Mapping[str, float] = field(default_factory=dict)
    launches: int = 1

    @property
    def kernel_ns(self) -> float:
        """d: as measured, or else as asked for."""
        return self.duration_ns if self.own_ns is None else self.own_ns

    @property
    def row_hidden(self) -> float:
        return self._hidden(self.row_ns)

    @property
    def graph_hidden(self) -> float:
        return self._hidden(self.graph_ns)

    @property
    def dependent_hidden(self) -> Mapping[str, float]:
        return {order: self._hidden(ns) for order, ns in self.dependent_ns.items()}

    def _hidden(self, ns: float) -> float:
        return 1 - (ns - self.kernel_ns) / (self.each_ns - self.kernel_ns)


@dataclass(frozen=True, slots=True)
class SmallToll:
    """From which kernel on the toll stays under SMALL_SHARE of its own time, in nanoseconds; None if it never does."""

    path: str
    row_ns: float | None
    graph_ns: float | None

    @property
    def both_ns(self) -> float | None:
        return None if self.row_ns is None or self.graph_ns is None else max(self.row_ns, self.graph_ns)


@dataclass(frozen=True, slots=True)
class ModelRow:
    """Two models of the time per launch of one path and way, over all lengths d of the kernel.

    The additive one is toll_ns + d; the other one the larger of host_ns and d + gap_ns (host_ns is None where d + gap
    was the larger throughout, so that both are the same). Errors are the largest, relative to what was measured.
    """

    path: str
    way: str
    toll_ns: float
    toll_error: float
    host_ns: float | None
    gap_ns: float
    max_error: float

    @property
    def holds(self) -> str:
        """The simpler one of those that hold; "" where none does."""
        if self.toll_error <= HOLDS_WITHIN:
            return ADDITIVE
        return MAXIMUM if self.max_error <= HOLDS_WITHIN else ""


def duration_rows(samples: Sequence[DeviceSample]) -> Iterator[DurationRow]:
    """By path and length, medians over all trials of all processes."""
    every = [one for sample in samples for one in sample.durations]
    for path in dict.fromkeys(name for one in every for name in one.each_ns):
        for duration_ns in dict.fromkeys(one.duration_ns for one in every):
            found = [one for one in every if one.duration_ns == duration_ns and path in one.each_ns]
            if not found:
                continue
            own = [ns for one in found for ns in one.own_ns]
            orders = dict.fromkeys(order for one in found for order in one.dependent_ns)
            yield DurationRow(
                path, duration_ns,
                median(ns / one.launches for one in found for ns in one.each_ns[path]),
                median(ns / one.launches for one in found for ns in one.row_ns[path]),
                median(ns / one.launches for one in found for ns in one.graph_ns),
                median(own) if own else None,
                {o: median(ns / one.launches for one in found for ns in one.dependent_ns.get(o, ())) for o in orders},
                found[0].launches,
            )  # fmt: skip


def overlapping_kernels(samples: Sequence[DeviceSample]) -> int:
    """How many kernels of dependent graphs did not wait for the one before them."""
    return sum(one.overlaps for sample in samples for one in sample.durations)


def small_tolls(rows: Sequence[DurationRow]) -> Iterator[SmallToll]:
    """By path, of rows in order of their length."""
    for path in dict.fromkeys(row.path for row in rows):
        own = [row for row in rows if row.path == path and row.kernel_ns > 0]
        lengths = [row.kernel_ns for row in own]
        yield SmallToll(
            path,
            small_from(lengths, [row.row_ns / row.kernel_ns - 1 for row in own]),
            small_from(lengths, [row.graph_ns / row.kernel_ns - 1 for row in own]),
        )


def small_from(lengths: Sequence[float], shares: Sequence[float], limit: float = SMALL_SHARE) -> float | None:
    """The length from which on all shares are below the limit, on a line in logarithms between the two around it.

    A constant toll is such a line. The first length where all are below, None where the last one is not.
    """
    above = [i for i, share in enumerate(shares) if share >= limit]
    if not shares or (above and above[-1] == len(shares) - 1):
        return None
    if not above:
        return lengths[0]
    low = above[-1]
    high_share = max(shares[low + 1], limit / 100)  # noise may leave less than nothing
    part = math.log(shares[low] / limit) / math.log(shares[low] / high_share)
    return math.exp(math.log(lengths[low]) + part * math.log(lengths[low + 1] / lengths[low]))


def model_rows(rows: Sequence[DurationRow]) -> Iterator[ModelRow]:
    """Both models for each path, waited for each and in a row."""
    for path in dict.fromkeys(row.path for row in rows):
        own = sorted((row for row in rows if row.path == path), key=lambda row: row.kernel_ns)
        lengths = [row.kernel_ns for row in own]
        yield fit_models(path, "wait each", lengths, [row.each_ns for row in own])
        yield fit_models(path, "in a row", lengths, [row.row_ns for row in own])


def fit_models(path: str, way: str, lengths: Sequence[float], times: Sequence[float]) -> ModelRow:
    """Least squares of relative errors; for the maximum, over every split of the lengths (ascending) in two."""
    toll = _shift(lengths, times)
    fits = [(_plateau(times[:split]), _shift(lengths[split:], times[split:])) for split in range(len(times))]
    host, gap = min(fits, key=lambda fit: fmean(error**2 for error in _errors(fit[0], fit[1], lengths, times)))
    return ModelRow(
        path, way, toll, max(map(abs, _errors(None, toll, lengths, times))), host, gap,
        max(map(abs, _errors(host, gap, lengths, times))),
    )  # fmt: skip


def _shift(lengths: Sequence[float], times: Sequence[float]) -> float:
    """The a for which the squares of (a + length - time) / time are least."""
    weights = [1 / time**2 for time in times]
    differences = (time - length for time, length in zip(times, lengths, strict=True))
    return sum(w * d for w, d in zip(weights, differences, strict=True)) / sum(weights)


def _plateau(times: Sequence[float]) -> float | None:
    return _shift([0.0] * len(times), times) if times else None


def _errors(host: float | None, gap: float, lengths: Sequence[float], times: Sequence[float]) -> list[float]:
    expected = [max(host or 0.0, length + gap) for length in lengths]
    return [e / time - 1 for e, time in zip(expected, times, strict=True)]
