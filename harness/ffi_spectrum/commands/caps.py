"""The looks and caps of a profile as the command line changes them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ffi_spectrum.analysis.stopping import looks_up_to, stopping_parameters
from ffi_spectrum.errors import UsageError
from ffi_spectrum.plan import Profile

# Where only the time is limited.
MOST_PROCESSES = 10_240


def with_caps(profile: Profile, max_processes: int | None, cap_s: float | None) -> Profile:
    """The profile with the stopping rule's parameters; naming one cap lifts the profile's others.

    Raises UsageError for a cap that leaves nothing to measure.
    """
    if max_processes is not None and not 1 <= max_processes <= MOST_PROCESSES:
        raise UsageError(f"--max-processes must be from 1 to {MOST_PROCESSES}, not {max_processes}")
    if cap_s is not None and not 0 < cap_s < math.inf:
        raise UsageError(f"--cap-s must be greater than zero, not {cap_s:g}")
    profile = replace(profile, stopping=stopping_parameters())
    if max_processes is None and cap_s is None:
        return profile
    return replace(profile, looks=looks_up_to(max_processes or MOST_PROCESSES), budget_s=None, cap_s=cap_s)


def caps_of(stored: Mapping[str, Any], profile: Profile) -> tuple[int | None, float | None]:
    """`max_processes` and `cap_s` that turn the profile into the one that a results file holds."""
    looks, cap_s = tuple(stored.get("looks", profile.looks)), stored.get("cap_s")
    if "looks" not in stored or (looks, stored.get("budget_s")) == (profile.looks, profile.budget_s):
        return None, None
    return None if looks[-1] == MOST_PROCESSES and cap_s is not None else looks[-1], cap_s
