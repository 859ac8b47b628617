"""Where the C sources are: in the source tree, or inside an installed wheel."""

from __future__ import annotations

from pathlib import Path

from ffi_spectrum.errors import BuildError

_PACKAGE = Path(__file__).resolve().parents[1]


def source_root() -> Path:
    """The directory that holds `native/` and `wasm/`; raises BuildError where the installation lost them."""
    for root in (_PACKAGE.parents[1], _PACKAGE / "_sources"):
        if (root / "native" / "include" / "ffis.h").is_file():
            return root
    raise BuildError(f"the C sources are missing from {_PACKAGE}; install the package again")


def project_root() -> Path | None:
    """The source tree that this package runs from, None where it was installed without one."""
    root = _PACKAGE.parents[1]
    return root if (root / "pyproject.toml").is_file() and (root / "native").is_dir() else None


def header() -> Path:
    """The header that every binding is derived from."""
    return source_root() / "native" / "include" / "ffis.h"


def kernel_sources() -> tuple[Path, ...]:
    """The kernels' C files, sorted by name."""
    return tuple(sorted((source_root() / "native" / "kernels").glob("*.c")))


def guest_sources() -> tuple[Path, ...]:
    """The C files that only the WebAssembly build needs."""
    return tuple(sorted((source_root() / "wasm").glob("*.c")))


def support_source(name: str) -> Path:
    """A C file of the harness itself, such as `wasm_call.c`."""
    return source_root() / "native" / "support" / name
