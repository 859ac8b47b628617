"""A content-addressed store of build artifacts: private, atomic, checked on every read."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock
from platformdirs import user_cache_path

from ffi_spectrum.errors import BuildError

MANIFEST = "manifest.json"


def default_cache_root() -> Path:
    """`$FFI_SPECTRUM_CACHE`, else the user's cache folder, else a private one in the folder for temporary files.

    The user's folder is taken only where it can be made and a file can be written to it.
    """
    chosen = os.environ.get("FFI_SPECTRUM_CACHE")
    if chosen:
        return Path(chosen)
    preferred = user_cache_path("ffi-spectrum")
    try:
        preferred.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=preferred):
            pass
    except OSError:
        return Path(tempfile.gettempdir()) / f"ffi-spectrum-{os.getuid()}"
    return preferred


@dataclass(frozen=True, slots=True)
class Entry:
    """One cached build: its files, and the facts recorded when it was made (seconds, nbytes, flags, ...)."""

    folder: Path
    facts: dict[str, Any]
    was_cached: bool


class Cache:
    """Entries live in `root/entries/<key>/`, each with a manifest of its files' SHA-256.

    `environments` is for the virtual environments of other interpreters, which are no entries: they cannot be moved.
    Raises BuildError where `root` cannot be used, and where an entry cannot be written to it.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.entries = root / "entries"
        self.zig = root / "zig"
        self.locks = root / "locks"
        self.environments = root / "environments"
        self._folders = (self.entries, self.zig, self.locks, self.environments)
        try:
            self._prepare()
        except OSError as error:
            raise self._unusable(error) from error

    def _unusable(self, error: OSError) -> BuildError:
        return BuildError(f"the build cache {self.root} cannot be used ({error}); set FFI_SPECTRUM_CACHE")

    def _prepare(self) -> None:
        """Make the folders, private; a folder of another user or with other files is left as it is."""
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self.root.stat().st_uid != os.getuid():
            raise BuildError(f"the build cache {self.root} belongs to another user; set FFI_SPECTRUM_CACHE")
        names = {path.name for path in self.root.iterdir()}
        if self.entries.name not in names and names - {folder.name for folder in self._folders}:
            raise BuildError(
                f"{self.root} holds other files than a build cache; set FFI_SPECTRUM_CACHE to a new or empty folder"
            )
        self.root.chmod(0o700)
        for folder in self._folders:
            folder.mkdir(mode=0o700, exist_ok=True)

    def get(self, material: dict[str, Any], make: Callable[[Path], dict[str, Any]]) -> Entry:
        """Return the entry keyed by `material`, calling `make(folder)` under a lock when it is absent or damaged.

        `make` fills the folder and returns the facts to record; nothing is kept when it raises.
        """
        key = hashlib.sha256(json.dumps(material, sort_keys=True).encode()).hexdigest()[:32]
        folder = self.entries / key
        facts = _read_checked(folder)
        if facts is not None:
            return Entry(folder, facts, was_cached=True)
        try:
            with FileLock(self.locks / f"{key}.lock"):
                facts = _read_checked(folder)
                if facts is not None:
                    return Entry(folder, facts, was_cached=True)
                return self._make(key, folder, make)
        except OSError as error:
            raise self._unusable(error) from error

    def _make(self, key: str, folder: Path, make: Callable[[Path], dict[str, Any]]) -> Entry:
        shutil.rmtree(folder, ignore_errors=True)
        with tempfile.TemporaryDirectory(prefix=f".{key}.", dir=self.entries) as scratch:
            work = Path(scratch) / key
            work.mkdir(mode=0o700)
            facts = make(work)
            files = {path.name: _sha256(path) for path in sorted(work.iterdir())}
            (work / MANIFEST).write_text(json.dumps({"files": files, "facts": facts}, indent=1))
            work.rename(folder)
        return Entry(folder, facts, was_cached=False)

    def clear(self) -> int:
        """Remove everything: entries, the compiler's files, environments, locks. Return how many bytes that freed."""
        nbytes = self.nbytes()
        for folder in self._folders:
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(mode=0o700, exist_ok=True)
        return nbytes - self.nbytes()

    def nbytes(self) -> int:
        """Bytes that the whole cache occupies, the compiler's own files and the environments included."""
        return sum(path.stat().st_size for path in self.root.rglob("*") if path.is_file())

    def list(self) -> list[Entry]:
        """All undamaged entries, sorted by key."""
        found = [(folder, _read_checked(folder)) for folder in sorted(self.entries.glob("[0-9a-f]*"))]
        return [Entry(folder, facts, was_cached=True) for folder, facts in found if facts is not None]


def _read_checked(folder: Path) -> dict[str, Any] | None:
    try:
        manifest = json.loads((folder / MANIFEST).read_text())
        intact = all(_sha256(folder / name) == digest for name, digest in manifest["files"].items())
    except (OSError, ValueError, KeyError, AttributeError, TypeError):
        return None  # absent or damaged: both are mended by building again
    facts = manifest.get("facts")
    return facts if intact and isinstance(facts, dict) else None


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
