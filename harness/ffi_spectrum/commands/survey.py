"""Which rungs work here, and what was built for them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ffi_spectrum.commands.request import open_toolchain
from ffi_spectrum.commands.screen import Screen
from ffi_spectrum.errors import BuildError, Unavailable
from ffi_spectrum.rungs.base import RungInfo
from ffi_spectrum.rungs.table import RUNGS, rung_class
from ffi_spectrum.toolchain.artifact import Artifact
from ffi_spectrum.toolchain.build import Toolchain


@dataclass(frozen=True, slots=True)
class Survey:
    """One rung as found here; `reason` is "" where it is available."""

    info: RungInfo
    artifacts: dict[str, Artifact] = field(default_factory=dict)
    reason: str = ""
    is_broken: bool = False

    def to_json(self) -> dict[str, Any]:
        """The row that `rungs --json` prints."""
        info = self.info
        return {
            "name": info.name, "purpose": info.purpose, "available": not self.reason, "reason": self.reason,
            "gil": info.gil, "checks": sorted(info.checks), "tier": info.tier, "copies": info.copies,
            "errno": info.errno, "needs": info.needs, "native_code": info.native_code, "crash": info.crash,
            "cells": [list(cell) for cell in info.cells],
            "variants": {form: list(names) for form, names in info.variants.items()},
            "strategies": list(info.strategies), "panel_group": info.panel_group, "agreement": info.agreement,
        }  # fmt: skip


def rung_infos() -> list[RungInfo]:
    """What every rung says of itself, in the order of the table; nothing is built or opened."""
    return [rung_class(name).info for name in RUNGS]


def checks_by_rung() -> dict[str, str]:
    """The semantics tier of every rung, for reports."""
    return {info.name: info.tier for info in rung_infos()}


def survey_rungs(screen: Screen, cc: str, is_opening: bool) -> list[Survey]:
    """Build every rung, and open it if asked; a line on standard error tells which one is at work."""
    toolchain = open_toolchain(cc)
    found = []
    for name in RUNGS:
        screen.err.print(f"building {name}")
        found.append(_survey(name, toolchain, is_opening))
    return found


def _survey(name: str, toolchain: Toolchain, is_opening: bool) -> Survey:
    rung = rung_class(name)
    artifacts: dict[str, Artifact] = {}
    try:
        artifacts = rung.build(toolchain)
        if is_opening:
            opened = rung(artifacts)
            opened.open()
            opened.close()
    except (Unavailable, BuildError) as error:
        return Survey(rung.info, artifacts, str(error), isinstance(error, BuildError))
    return Survey(rung.info, artifacts)
