"""`gate`: is this working tree slower than a commit of it?"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from importlib.resources import files
from pathlib import Path

from ffi_spectrum.analysis.gate import GateRow, Pair, disturbed_share, is_precise, judge_head, judge_pairs
from ffi_spectrum.analysis.stopping import is_look
from ffi_spectrum.commands.screen import Screen
from ffi_spectrum.errors import UsageError
from ffi_spectrum.measure.checkout import find_repository
from ffi_spectrum.measure.gate import Comparison, open_comparison, sample_pairs, sample_side, split_calls
from ffi_spectrum.measure.sampling import Protocol
from ffi_spectrum.measure.side import DEFAULT_PATHS, GateCall, parse_call
from ffi_spectrum.report.gate import gate_lines, gate_table
from ffi_spectrum.results.sample import Sample

WORKFLOW = "gate_workflow.yml"
MAX_S = 60.0
# Processes for a call that the base does not make: the second of the scheduled looks.
NEW_PROCESSES = 20
# A share of rounds that were interrupted from which on an open verdict says so.
MANY_DISTURBED = 0.2


@dataclass(frozen=True, slots=True)
class GateRequest:
    """The options of `gate`; `max_s` bounds the measuring, in seconds. Raises UsageError for what cannot be meant."""

    calls: tuple[str, ...]
    setup: str = ""
    paths: tuple[str, ...] = DEFAULT_PATHS
    max_ns: float | None = None
    margin_ns: float | None = None
    max_s: float = MAX_S
    seed: int = field(default_factory=lambda: secrets.randbits(32))
    protocol: Protocol = field(default_factory=Protocol)

    def __post_init__(self) -> None:
        if not self.calls:
            raise UsageError(
                "no call to measure: give --call module:function, or list them in pyproject.toml under "
                "[tool.ffi-spectrum.gate]: call = ['module:function']"
            )
        numbers = {"--max-ns": self.max_ns, "--margin-ns": self.margin_ns, "--max-s": self.max_s}
        for option, number in numbers.items():
            if number is not None and not 0 < number < float("inf"):
                raise UsageError(f"{option} must be greater than zero")


def run_gate(directory: Path, ref: str, request: GateRequest, screen: Screen | None = None) -> list[GateRow]:
    """Measure the calls at `ref` and in the working tree that holds `directory`; progress goes to the screen.

    Raises UsageError for a ref, call or path that does not fit, BuildError where the setup command fails, CallError
    and MeasurementError where a call cannot be measured in the working tree.
    """
    calls = [parse_call(text) for text in dict.fromkeys(request.calls)]
    with open_comparison(find_repository(directory), ref, request.setup, request.paths) as comparison:
        split = split_calls(comparison, calls, request.protocol)
        if screen:
            sides = f"in {comparison.commit[:12]} and here"
            screen.err.print(f"measuring {len(calls)} calls {sides}, at most {request.max_s:g} s; seed {request.seed}")
        rows = {row.call: row for row in _shared(comparison, split.shared, request)}
        rows |= {row.call: row for row in _new(comparison, split.new, request)}
    return [rows[call.text] for call in calls]


def show_gate(screen: Screen, rows: Sequence[GateRow]) -> None:
    """Print the table, and a sentence for every row that fails or is open."""
    screen.out.print(gate_table(rows))
    for line in gate_lines(rows):
        screen.out.print(line, soft_wrap=True)


def _shared(comparison: Comparison, calls: list[GateCall], request: GateRequest) -> list[GateRow]:
    if not calls:
        return []
    give_up = time.monotonic() + request.max_s

    def is_enough(pairs: list[Pair]) -> bool:
        if not pairs:
            return False
        return time.monotonic() >= give_up or (is_look(len(pairs)) and is_precise(pairs, request.margin_ns))

    pairs = sample_pairs(comparison, calls, request.protocol, is_enough, request.seed)
    note = _disturbance([sample for pair in pairs for sample in pair])
    rows = judge_pairs([call.text for call in calls], pairs, request.margin_ns, request.max_ns)
    return [replace(row, note=note) for row in rows]


def _new(comparison: Comparison, calls: dict[GateCall, str], request: GateRequest) -> Iterator[GateRow]:
    if not calls:
        return
    seeds = range(request.seed, request.seed + NEW_PROCESSES)
    samples = [sample_side(comparison.head, list(calls), request.protocol, seed) for seed in seeds]
    rows = judge_head([call.text for call in calls], samples, request.max_ns)
    for row, reason in zip(rows, calls.values(), strict=True):
        yield replace(row, note=reason)


def _disturbance(samples: list[Sample]) -> str:
    share = disturbed_share(samples)
    return f"other work interrupted {100 * share:.0f} % of the rounds" if share > MANY_DISTURBED else ""


def write_workflow(path: Path) -> None:
    """Write the ready GitHub Actions workflow; raises UsageError where the file exists or cannot be written."""
    text = files("ffi_spectrum.commands").joinpath(WORKFLOW).read_text(encoding="utf-8")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise UsageError(f"{path} exists and is left as it is; give --write-workflow another PATH") from None
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}") from error
