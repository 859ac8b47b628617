"""Measure any Python call, alone or against another, in three lines.

from ffi_spectrum import api
estimate = api.measure(api.call(zlib.crc32, data), against=api.call(binascii.crc32, data))
print(estimate)
"""

from __future__ import annotations

import secrets
import time

from ffi_spectrum.analysis.difference import CallEstimate, differences, estimate_call, nets, settled
from ffi_spectrum.analysis.interval import median_interval
from ffi_spectrum.analysis.stopping import Precision, is_look, looks
from ffi_spectrum.errors import UsageError
from ffi_spectrum.measure.sampling import Protocol, sample_until
from ffi_spectrum.measure.snippet import Snippet, call
from ffi_spectrum.results.sample import Sample

__all__ = ["CallEstimate", "Protocol", "Snippet", "call", "measure", "sample_calls"]

# A share of rounds that were interrupted, or of time that the processes waited, from which on a result says so.
MANY_DISTURBED = 0.2


def measure(
    snippet: Snippet,
    against: Snippet | None = None,
    *,
    half_width_ns: float = 0.5,
    margin_ns: float | None = None,
    max_s: float = 10.0,
    seed: int | None = None,
    protocol: Protocol | None = None,
) -> CallEstimate:
    """Time `snippet`, and its difference from `against`, in fresh processes until the interval is narrow enough.

    Stops at a scheduled look (12, 20, 40, 80, ... processes) where the half-width of the 95 % interval is at most
    `half_width_ns`, or after `max_s` seconds: then the note says so. `margin_ns` is the difference that does not matter
    (default: the larger of 1 ns and 1 % of the other call). Raises CallError, WrongResult and MeasurementError where a
    call cannot be measured.
    """
    samples, note = sample_calls(
        [snippet] if against is None else [snippet, against], half_width_ns, max_s, seed, protocol or Protocol()
    )
    return estimate_call(samples, margin_ns, note)


def sample_calls(
    snippets: list[Snippet], half_width_ns: float, max_s: float, seed: int | None, protocol: Protocol
) -> tuple[list[Sample], str]:
    """The raw samples behind `measure`, and a note where the precision was not reached."""
    if half_width_ns <= 0 or max_s <= 0:
        raise UsageError("half_width_ns and max_s must be greater than zero")
    precision, give_up = Precision(half_width_ns), time.monotonic() + max_s

    def is_enough(samples: list[Sample]) -> bool:
        if time.monotonic() >= give_up:
            return True
        return is_look(len(samples)) and precision.stops(_values(samples))

    samples = sample_until(snippets, protocol, is_enough, secrets.randbits(32) if seed is None else seed)
    # before the first look an interval may be narrow by chance alone: of one process it has no width at all
    is_reached = len(samples) >= next(looks()) and precision.is_met(median_interval(_values(samples)))
    return samples, "" if is_reached else _why(samples, half_width_ns, max_s)


def _values(samples: list[Sample]) -> list[float]:
    samples = settled(samples)
    return differences(samples) if len(samples[0].calls) > 1 else nets(samples)


def _why(samples: list[Sample], half_width_ns: float, max_s: float) -> str:
    rounds = sum(len(sample.controls["empty"].rounds) for sample in samples)  # a slow call is not in every round
    disturbed = sum(len(sample.disturbed) for sample in samples)
    waited = sum(sample.waited_share for sample in samples) / len(samples)
    reason = f"half-width {half_width_ns:g} ns not reached in {max_s:g} s"
    if waited > MANY_DISTURBED:
        return f"{reason}: other work had the CPU for {100 * waited:.0f} % of the time"
    if disturbed > MANY_DISTURBED * rounds:
        return f"{reason}: other work interrupted {100 * disturbed / rounds:.0f} % of the rounds"
    return reason
