"""Files of JSON lines: which of their lines are whole, and what each of them holds."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cattrs

from ffi_spectrum.errors import ResultsError

# The class of each kind of line, by the name in its "kind".
Kinds = Mapping[str, type[Any]]
# Nothing is written to files of these names.
COMPRESSED = (".gz", ".xz")
_converter = cattrs.Converter(forbid_extra_keys=True)


def read_lines(path: Path) -> tuple[bytes, bytes]:
    """The whole lines of a file, and the last one where it lacks its newline, which is what a killed writer leaves.

    A file whose name ends in .gz or .xz is read as what was compressed. Raises ResultsError where it cannot be read.
    """
    try:
        content = _unpacked(path) if path.suffix in COMPRESSED else path.read_bytes()
    except OSError as error:
        raise ResultsError(f"{path} cannot be read: {error.strerror or error}") from error
    end = content.rfind(b"\n") + 1
    return content[:end], content[end:]


def _unpacked(path: Path) -> bytes:
    """What a compressed file holds; the modules for it are optional parts of CPython, and few files need them."""
    try:
        if path.suffix == ".gz":
            import gzip
            import zlib

            damage: type[Exception] = zlib.error
            unpack: Any = gzip.open
        else:
            import lzma

            damage, unpack = lzma.LZMAError, lzma.open
    except ImportError as error:
        raise ResultsError(f"{path} cannot be read by this Python ({error}); unpack it first") from error
    try:
        with unpack(path) as file:
            return bytes(file.read())
    except (EOFError, damage) as error:
        raise ResultsError(
            f"{path} cannot be read: what it holds is no whole {path.suffix[1:]} file ({error})"
        ) from error


def refuse_compressed(path: Path) -> None:
    """Raise ResultsError for a file that lines cannot be appended to."""
    if path.suffix in COMPRESSED:
        raise ResultsError(f"{path} is a compressed file, which can be read only; choose another --out")


def is_cut_header(content: bytes, first_key: str) -> bool:
    """True for what a writer leaves that was killed while it wrote its very first line."""
    return content.startswith(b'{"%s":' % first_key.encode()) and b"\n" not in content


def decode(path: Path, number: int, line: bytes) -> Any:
    """The JSON value of a line; raises ResultsError with its place where it is none."""
    try:
        return json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ResultsError(
            f"{path}, line {number} is damaged ({error}); use another --out, or remove the line"
        ) from error


def structure(row: Any, kinds: Kinds) -> Any:
    """The record of a decoded line; raises ResultsError where it is none of these kinds."""
    kind = row.get("kind") if isinstance(row, dict) else None
    if not isinstance(kind, str) or kind not in kinds:
        raise ResultsError(f"unknown kind of line {kind!r}; expected {', '.join(kinds)}")
    try:
        return _converter.structure(row, kinds[kind])
    except (cattrs.BaseValidationError, ValueError, TypeError) as error:
        details = cattrs.transform_error(error) if isinstance(error, Exception) else [str(error)]
        raise ResultsError("; ".join(details)) from error
