"""The options of `gate` from the command line and, where it is silent, from the project's pyproject.toml."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from ffi_spectrum.commands.gate import GateRequest
from ffi_spectrum.errors import UsageError
from ffi_spectrum.measure.checkout import find_repository

TABLE = "[tool.ffi-spectrum.gate]"
# Key in the table, as the option is called; field of GateRequest; type.
_KEYS: dict[str, tuple[str, type | tuple[type, ...]]] = {
    "call": ("calls", list), "setup": ("setup", str), "path": ("paths", list), "max-ns": ("max_ns", (int, float)),
    "margin-ns": ("margin_ns", (int, float)), "max-s": ("max_s", (int, float)),
}  # fmt: skip


def gate_request(directory: Path, **options: Any) -> GateRequest:
    """What is to be measured; None and () stand for an option that was not given.

    Raises UsageError for a table that cannot be read or has keys or types that fit no option.
    """
    given = {name: value for name, value in options.items() if value not in (None, ())}
    fields = {"calls": (), **_table_of(find_repository(directory).directory / "pyproject.toml"), **given}
    return GateRequest(**fields)


def _table_of(path: Path) -> dict[str, Any]:
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8")).get("tool", {}).get("ffi-spectrum", {}).get("gate", {})
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, AttributeError) as error:
        raise UsageError(f"{path} cannot be read: {error}") from error
    if not isinstance(table, dict):
        raise UsageError(f"{path}: tool.ffi-spectrum.gate must be a table")
    return dict(_field(path, key, value) for key, value in table.items())


def _field(path: Path, key: str, value: object) -> tuple[str, object]:
    if key not in _KEYS:
        raise UsageError(f"{path}: {TABLE} has no key {key!r}; it may have {', '.join(_KEYS)}")
    field, kind = _KEYS[key]
    if not isinstance(value, kind) or isinstance(value, bool):
        raise UsageError(f"{path}: {key} in {TABLE} has the wrong type")
    if isinstance(value, list):
        if not all(isinstance(item, str) for item in value):
            raise UsageError(f"{path}: {key} in {TABLE} must be a list of strings")
        return field, tuple(value)
    return field, value
