"""The facts of an artifact as text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def compiler_of(facts: Mapping[str, Any]) -> str:
    """Name and version; gcc and clang begin their version with their name."""
    name, version = str(facts.get("compiler", "")), str(facts.get("version", ""))
    return version if version.startswith(name) else f"{name} {version}"


def flags_of(facts: Mapping[str, Any]) -> str:
    """The flags without the export list, which repeats the header."""
    return " ".join(flag for flag in facts.get("flags", ()) if not flag.startswith("-Wl,--export="))
