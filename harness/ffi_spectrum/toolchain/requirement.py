"""How another interpreter gets this project: the same source, the same extras."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import find_spec
from typing import Any

from ffi_spectrum import __version__
from ffi_spectrum.toolchain.interpreter import Interpreter
from ffi_spectrum.toolchain.sources import project_root

# The module that tells whether an extra of this project is installed here, and so belongs into the others.
EXTRAS = {"pywasm": "pywasm", "grpc": "grpc_tools", "gpu": "cupy"}


def installed_extras() -> list[str]:
    """The extras whose packages are installed here."""
    return [name for name, module in EXTRAS.items() if find_spec(module) is not None]


def requirement(interpreter: Interpreter, extras: Sequence[str]) -> list[str]:
    """Arguments of `pip install`: this source tree under its constraints; without one, what was installed here.

    The constraints were made on CPython. PyPy ships its own cffi, for one.
    """
    suffix = f"[{','.join(extras)}]" if extras else ""
    root = project_root()
    if root is None:
        origin = _origin()
        return [f"ffi-spectrum{suffix} @ {origin}" if origin else f"ffi-spectrum{suffix}=={__version__}"]
    constraints = root / "constraints.txt"
    is_bound = interpreter.implementation == "CPython" and constraints.is_file()
    bounds = ["--constraint", str(constraints)] if is_bound else []
    # uv counts a local project as a source distribution, which no other may be
    return [*bounds, "--no-binary", "ffi-spectrum", "--editable", f"{root}{suffix}"]


def project_facts() -> dict[str, Any]:
    """What decides which versions are installed; the source tree itself is installed as a link."""
    root = project_root()
    files = [root / name for name in ("pyproject.toml", "constraints.txt")] if root else []
    hashes = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files if path.is_file()}
    return {
        "project": str(root or _origin()), "version": __version__, "files": hashes, "extras": installed_extras()
    }  # fmt: skip


def _origin() -> str:
    """The address that this project was installed from, "" for a package index.

    https://packaging.python.org/en/latest/specifications/direct-url/
    """
    try:
        row = json.loads(distribution("ffi-spectrum").read_text("direct_url.json") or "{}")
    except (PackageNotFoundError, ValueError):
        return ""
    url, vcs = row.get("url", ""), row.get("vcs_info")
    return f"{vcs['vcs']}+{url}@{vcs['commit_id']}" if vcs else str(url)
