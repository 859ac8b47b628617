"""What a report says of how many processes were measured, and of rows that stayed imprecise."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from ffi_spectrum.analysis.estimate import Estimate
from ffi_spectrum.analysis.stopping import NARROW, NARROW_CASES, WIDE, Precision

ADVICE = "Measure fewer kernels with --profile full, give more --max-processes, or wait for a quiet machine."


def processes_text(estimates: Iterable[Estimate]) -> str:
    """ "12 processes a panel", "12 to 40 processes a panel": what the measured cases have."""
    return f"{_span({e.processes for e in estimates if e.status == 'ok'} or {0})} processes a panel"


def imprecise_lines(estimates: Iterable[Estimate]) -> list[str]:
    """What the mark ~ means, said separately of rows at their cap and of others; nothing where no row has it."""
    measured = [estimate for estimate in estimates if estimate.status == "ok"]
    imprecise = [estimate for estimate in measured if estimate.is_imprecise]
    unresolved = [estimate for estimate in imprecise if estimate.is_unresolved]
    lines = []
    if unresolved:
        cap = _span({estimate.processes for estimate in unresolved})
        count = f"{len(unresolved)} of {len(measured)} rows"
        lines.append(f"~ UNRESOLVED at the cap of {cap} processes ({count}): {_aims(unresolved)}. {ADVICE}")
    if len(unresolved) < len(imprecise):
        others = [estimate for estimate in imprecise if not estimate.is_unresolved]
        lines.append(f"~ imprecise: {_aims(others)}. {ADVICE}")
    return lines


def _span(counts: Collection[int]) -> str:
    low, high = min(counts), max(counts)
    return str(low) if low == high else f"{low} to {high}"


def _aims(estimates: Iterable[Estimate]) -> str:
    """How wide is too wide for these rows."""
    aims = {estimate.precision for estimate in estimates}
    texts = {WIDE: _too_wide(WIDE), NARROW: f"{_too_wide(NARROW)} in a panel of {NARROW_CASES} cases or fewer"}
    found = [text for aim, text in texts.items() if aim in aims]
    return f"half of an interval is {', or '.join(found)}"


def _too_wide(precision: Precision) -> str:
    return f"over {precision.half_width_ns:g} ns and over {100 * precision.fraction:g} % of the time"
