"""One side of a gate: a checkout, what was built from it, and where its calls' modules come from."""

from __future__ import annotations

import ast
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from importlib import invalidate_caches
from importlib.machinery import PathFinder
from pathlib import Path

import ffi_spectrum
from ffi_spectrum.errors import BuildError, UsageError
from ffi_spectrum.measure.sampling import Protocol
from ffi_spectrum.measure.snippet import Snippet, call

SETUP_DEADLINE_S = 1800.0
# Where modules are looked for in a checkout: the two usual layouts of a Python project.
DEFAULT_PATHS = (".", "src")
_TAIL_LINES = 20
_SETUP = """\
import builtins as _builtins, importlib as _importlib, os as _os, sys as _sys
_sys.pycache_prefix = {pycache!r}
_os.chdir({directory!r})
_module = _importlib.import_module({module!r})
for _name in {names!r}:
    if hasattr(_module, _name) or not hasattr(_builtins, _name):
        globals()[_name] = getattr(_module, _name)
"""


@dataclass(frozen=True, slots=True)
class GateCall:
    """An expression over the names of a module: what a gate times."""

    text: str
    module: str
    expression: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Side:
    """`name` is "base" or "head"; `site` is a folder that a setup command may install into, first on the path.

    `paths` are the checkout's own folders of modules, relative to `directory`; `shared` is the rest of sys.path.
    """

    name: str
    directory: Path
    site: Path
    pycache: Path
    paths: tuple[str, ...]
    shared: tuple[str, ...]

    @property
    def own(self) -> list[str]:
        """The part of sys.path that belongs to this side alone."""
        return [str(self.site), *(str((self.directory / path).resolve()) for path in self.paths)]

    def protocol(self, protocol: Protocol) -> Protocol:
        """The same protocol in processes that import this side."""
        return replace(protocol, path=(*self.own, *self.shared))

    def snippet(self, one: GateCall) -> Snippet:
        """The call as a fresh process makes it, in the checkout as its working directory; it writes nothing there."""
        setup = _SETUP.format(
            pycache=str(self.pycache), directory=str(self.directory), module=one.module, names=one.names
        )
        return call(one.expression, setup=setup)

    def holds(self, module: str) -> bool:
        """True where this side's processes import the module from its own folders; nothing is imported to find out."""
        invalidate_caches()
        places: Sequence[str] = [*self.own, *self.shared]
        found: Sequence[str] = []
        parts = module.split(".")
        for depth in range(1, len(parts) + 1):
            spec = PathFinder.find_spec(".".join(parts[:depth]), places)
            if spec is None:
                break  # what is only made on import is judged by the package that makes it
            places = list(spec.submodule_search_locations or [])
            found = [spec.origin] if spec.origin else places
        return any(Path(own) in Path(place).resolve().parents for place in found for own in self.own)

    def build(self, command: str) -> None:
        """Run a shell command in the checkout; raises BuildError with the end of what it printed.

        `python` is this interpreter, and FFI_SPECTRUM_SITE the side's own folder to install into.
        """
        bin_path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
        environment = dict(os.environ, PATH=bin_path, FFI_SPECTRUM_SITE=str(self.site), FFI_SPECTRUM_SIDE=self.name)
        process = subprocess.Popen(
            command, shell=True, cwd=self.directory, env=environment, process_group=0, text=True, errors="replace",
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        try:
            output, _ = process.communicate(timeout=SETUP_DEADLINE_S)
        except subprocess.TimeoutExpired:
            raise BuildError(f"`{command}` in {self.name} did not end within {SETUP_DEADLINE_S:g} s") from None
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        if process.returncode != 0:
            tail = "\n".join(output.strip().splitlines()[-_TAIL_LINES:])
            raise BuildError(f"`{command}` failed in {self.name} with exit code {process.returncode}:\n{tail}")


def parse_call(text: str) -> GateCall:
    """`module:function`, or `module:expression` over the module's names; raises UsageError for anything else."""
    module, colon, expression = text.partition(":")
    module, expression = module.strip(), expression.strip()
    if not colon or not all(part.isidentifier() for part in module.split(".")):
        raise UsageError(f"{text!r} is not module:function or module:function(arguments)")
    try:
        body = ast.parse(expression, mode="eval").body
    except (SyntaxError, ValueError) as error:
        raise UsageError(f"{expression!r} in {text!r} is not an expression: {error}") from error
    if isinstance(body, ast.Name | ast.Attribute):
        expression = f"{expression}()"
    stored = {node.id for node in ast.walk(body) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    stored |= {node.arg for node in ast.walk(body) if isinstance(node, ast.arg)}
    names = dict.fromkeys(node.id for node in ast.walk(body) if isinstance(node, ast.Name) and node.id not in stored)
    return GateCall(text, module, expression, tuple(names))


def shared_path(top: Path) -> tuple[str, ...]:
    """This process's sys.path without the folders of the working tree `top`: they would bring the head into the base.

    An environment that lies within the working tree is no part of it. The last entry is where this package is.
    """
    top = top.resolve()
    inside = [
        prefix for prefix in (Path(sys.prefix).resolve(), Path(sys.base_prefix).resolve()) if top in prefix.parents
    ]
    found = [Path(entry).resolve() for entry in sys.path if entry]
    kept = [
        path for path in found
        if top not in (path, *path.parents) or any(prefix in path.parents for prefix in inside)
    ]  # fmt: skip
    harness = Path(ffi_spectrum.__file__).resolve().parent.parent
    return tuple(str(path) for path in dict.fromkeys([*kept, harness]))
