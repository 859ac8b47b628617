"""The `validate` command: one line per target, as soon as it is known."""

from __future__ import annotations

import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

from ffi_spectrum.commands.screen import Screen
from ffi_spectrum.errors import ResultsError
from ffi_spectrum.results.fingerprint import take_fingerprint
from ffi_spectrum.toolchain.build import Toolchain
from ffi_spectrum.validation.pool import load_pool
from ffi_spectrum.validation.target import Target
from ffi_spectrum.validation.validate import POOL_PROCESSES, validate_full, validate_quick

TELL_EVERY = 200
NEW_POOL = Path("results/pool.json.gz")
# The cell of the page.
MET = {"met": "yes", "missed": "no", "unavailable": "unavailable here"}


def run_validation(
    screen: Screen, is_quick: bool, pool: Path | None, seed: int, cc: str, is_json: bool
) -> list[Target]:
    """Measure every target; raises ResultsError before any work where the pool cannot be read or written.

    `pool` is read with `is_quick` (None: the shipped one), and written without (None: NEW_POOL).
    Prints a line per target and a last one that counts them; with `is_json` that one alone, to standard error.
    """
    started = time.monotonic()
    toolchain = Toolchain(cc)
    if is_quick:
        made = load_pool(pool)
        screen.err.print(f"pool: {made.processes} processes of {made.created} on {made.fingerprint['cpu']}")
        targets = validate_quick(toolchain, seed, made)
    else:
        place = pool or NEW_POOL
        _check_place(place)
        targets = validate_full(toolchain, seed, place, lambda done: _tell(screen, done))
    found = []
    for target in targets:
        found.append(target)
        if not is_json:
            screen.out.print(target_line(target), highlight=False, soft_wrap=True)
    (screen.err if is_json else screen.out).print(_summary(found, time.monotonic() - started))
    return found


def to_markdown(targets: list[Target], how: str) -> str:
    """A page of its own: date, machine, command, and a row per target."""
    facts = take_fingerprint()
    lines = [
        "# What the harness reaches",
        "",
        f"Measured {datetime.now(UTC):%Y-%m-%d} on {facts['cpu']} ({facts['cpus']} CPUs, "
        f"{'virtual machine, ' if facts['hypervisor'] else ''}{facts['system']}), "
        f"{facts['implementation']} {facts['python']}, by `{how}`.",
        "",
        "| target | figure | bound | met | on what it rests |",
        "| --- | ---: | ---: | --- | --- |",
    ]
    for target in targets:
        figure = "" if target.figure is None else f"{target.figure:.4g} {target.unit}"
        lines.append(f"| {target.target} | {figure} | {target.bound} | {MET[target.state]} | {target.detail} |")
    return "\n".join(lines) + "\n"


def _check_place(pool: Path) -> None:
    try:
        pool.parent.mkdir(parents=True, exist_ok=True)
        with pool.open("ab"):
            pass
    except OSError as error:
        raise ResultsError(f"{pool} cannot be written: {error.strerror}; choose another --pool") from error


def _tell(screen: Screen, done: int) -> None:
    if done % TELL_EVERY == 0:
        screen.err.print(f"pool: {done} of {POOL_PROCESSES} processes")


def target_line(target: Target) -> str:
    """The target as a line for the terminal; only its detail may be long."""
    state = "MISSED" if target.state == "missed" else target.state
    figure = "" if target.figure is None else f"{target.figure:.4g}"
    return f"{state:11} {target.target:68} {figure:>9} {target.unit:8} {target.bound:10} {target.detail}"


def _summary(targets: list[Target], seconds: float) -> str:
    states = Counter(target.state for target in targets)
    missing = f", {states['unavailable']} unavailable here" if states["unavailable"] else ""
    return f"{states['met']} of {len(targets)} targets met{missing}, in {seconds:.0f} s"
