"""The `validate` command: one line per target, as soon as it is known."""

from __future__ import annotations

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


def run_validation(screen: Screen, is_quick: bool, pool: Path, seed: int, cc: str, is_json: bool) -> list[Target]:
    """Measure every target; raises ResultsError before any work where the pool cannot be read or written."""
    toolchain = Toolchain(cc)
    if is_quick:
        made = load_pool()
        screen.err.print(f"pool: {made.processes} processes of {made.created} on {made.fingerprint['cpu']}")
        targets = validate_quick(toolchain, seed)
    else:
        _check_place(pool)
        targets = validate_full(toolchain, seed, pool, lambda done: _tell(screen, done))
    found = []
    for target in targets:
        found.append(target)
        if not is_json:
            screen.out.print(_line(target), highlight=False, soft_wrap=True)
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
        figure = f"{target.figure:.3g} {target.unit}"
        lines.append(
            f"| {target.target} | {figure} | {target.bound} | {'yes' if target.is_met else 'no'} | {target.detail} |"
        )
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


def _line(target: Target) -> str:
    verdict = "met   " if target.is_met else "MISSED"
    return f"{verdict} {target.target:68} {target.figure:9.3g} {target.unit:8} {target.bound:10} {target.detail}"
