"""Tables of dense layers in a chain, and of arrays that stay on the device or are copied each time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ffi_spectrum.analysis.device.chain import ChainRow, ChainTrials, LayerRow, PlacedRow, SavingRow
from ffi_spectrum.report.numbers import NOTHING, nbytes, ratio, scale_of
from ffi_spectrum.report.remote import Sheet

PARTS = ("path", "kernels a layer", "host", "device")
PLACED = ("kernel", "an array", "resident", "pinned", "pageable", "pinned to resident", "pageable to resident", "wrong")
LEGEND = (
    "Chain: input copied in from pinned memory, so many dense layers of 32 by 32 (product, bias, relu), result copied "
    "out, one wait; new input each time, each result compared with the oracle. three: a kernel for each step. fused: "
    "one kernel with the same product. cuBLAS: its product by cupy.matmul, and the other two; CuPy refuses to record "
    "it. c: the launcher in C, one crossing for all launches, so that what cupy_raw takes more is the binding's. "
    "per_call waits for each launch, pipelined once, at the end; replayed is one launch of a graph, from Python, and "
    "copies in the graph are recorded with it. wrong: results that are not the oracle's.",
    "A layer apart: host is binding and driver, on a stream that is held back; device is what the queue then takes to "
    "run. model: the copies alone, and the larger of the two for each layer; it was fitted to no chain.",
    "Resident: the call alone on arrays that are on the device; pinned and pageable: with copies of its inputs and its "
    "output by set() and get(), one wait; the layer's weights stay on the device.",
)


def chain_sheets(trials: ChainTrials) -> Iterator[Sheet]:
    """Up to four tables."""
    layers = [number for number in dict.fromkeys(row.layers for row in trials.rows) if number]
    if layers:
        copies = next((row.iteration_ns for row in trials.rows if not row.layers), None)
        alone = "" if copies is None else f"; copies alone: {_time(copies)}"
        headers = ("path", "kernels", "strategy", *(f"{number:,} layers" for number in layers), "a layer", "wrong")
        yield Sheet(f"Dense layers in a chain, an iteration{alone}", headers, _chain(trials.rows, layers), 3)
    if trials.parts:
        yield Sheet("A layer apart, without copies", PARTS, tuple(map(_part, trials.parts)), 2)
    if trials.savings:
        headers = ("step", *(text for number in layers for text in (f"saved, {number:,}", "model")))
        yield Sheet("What a step saves in an iteration", headers, _savings(trials.savings, layers), 1)
    if trials.placed:
        yield Sheet("Resident against copied on each call", PLACED, tuple(map(_placed, trials.placed)), 1)


def _chain(rows: tuple[ChainRow, ...], layers: list[int]) -> tuple[tuple[str, ...], ...]:
    """A line per way; the last but one cell is a layer of the longest chain."""
    found: dict[tuple[str, str, str], dict[int, ChainRow]] = {}
    for row in rows:
        if row.layers:
            found.setdefault((row.path, row.kernels, row.strategy), {})[row.layers] = row
    return tuple((*way, *_cells(by_layers, layers)) for way, by_layers in found.items())


def _cells(by_layers: Mapping[int, ChainRow], layers: list[int]) -> tuple[str, ...]:
    times = (_time(by_layers[number].iteration_ns) if number in by_layers else NOTHING for number in layers)
    wrong = sum(row.wrong for row in by_layers.values())
    return (*times, _time(by_layers[max(by_layers)].layer_ns), str(wrong))


def _part(row: LayerRow) -> tuple[str, ...]:
    return (row.path, row.kernels, _time(row.host_ns), _time(row.device_ns))


def _savings(rows: tuple[SavingRow, ...], layers: list[int]) -> tuple[tuple[str, ...], ...]:
    steps: dict[str, dict[int, SavingRow]] = {}
    for row in rows:
        steps.setdefault(row.step, {})[row.layers] = row
    return tuple(
        (step, *(text for number in layers for text in _saved(by_layers.get(number))))
        for step, by_layers in steps.items()
    )


def _saved(row: SavingRow | None) -> tuple[str, str]:
    if row is None:
        return NOTHING, NOTHING
    return _time(row.saved_ns), NOTHING if row.model_ns is None else _time(row.model_ns)


def _placed(row: PlacedRow) -> tuple[str, ...]:
    resident = row.times_ns["resident"]
    copied = [row.times_ns[name] for name in ("pinned", "pageable")]
    times = (_time(resident), *map(_time, copied), *(ratio(ns / resident) for ns in copied))
    return (row.kernel, nbytes(row.nbytes), *times, str(row.wrong))


def _time(ns: float) -> str:
    return scale_of(ns).time(ns)
