"""Template projects to copy and start from, one for each way of the spectrum; none needs this package."""

from importlib.resources import files
from importlib.resources.abc import Traversable
from os.path import lexists
from pathlib import Path

from ffi_spectrum.errors import UsageError

_NAMES = ("cffi", "ctypes", "wasmtime", "python")
_SUFFIXES = frozenset({"", ".c", ".h", ".md", ".py", ".txt"})  # "" is the Makefile's


def names() -> tuple[str, ...]:
    """The templates' names, in the order of the spectrum."""
    return _NAMES


def write(name: str, directory: Path) -> list[Path]:
    """Copy a template into `directory`, which is created if need be, and return the files written, sorted.

    Raises UsageError, with nothing written, for an unknown name or if a file of the template exists already;
    and for a directory that can't be created or written to.
    """
    if name not in _NAMES:
        raise UsageError(f"There is no example {name!r}; choose one of: {', '.join(_NAMES)}.")
    targets = {directory / source.name: source for source in _sources(name)}
    existing = [str(target) for target in targets if lexists(target)]
    if existing:
        raise UsageError(f"Nothing was written, because {', '.join(existing)} exists; choose another directory.")
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for target, source in targets.items():
            target.write_bytes(source.read_bytes())
    except OSError as error:
        raise UsageError(f"The example can't be written to {directory} ({error}); choose another directory.") from error
    return list(targets)


def _sources(name: str) -> list[Traversable]:
    """The template's files without what a build or an import leaves beside them."""
    entries = files(__name__).joinpath(name).iterdir()
    sources = [entry for entry in entries if entry.is_file() and _is_source(Path(entry.name))]
    return sorted(sources, key=lambda source: source.name)


def _is_source(path: Path) -> bool:
    return path.suffix in _SUFFIXES and not path.name.startswith((".", "_"))
