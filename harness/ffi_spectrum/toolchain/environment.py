"""Virtual environments of other interpreters, each with this project in it, kept in the tool's cache."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from filelock import FileLock

from ffi_spectrum import __version__
from ffi_spectrum.errors import BuildError, Unavailable
from ffi_spectrum.toolchain.cache import Cache
from ffi_spectrum.toolchain.interpreter import Interpreter
from ffi_spectrum.toolchain.requirement import installed_extras, project_facts, requirement
from ffi_spectrum.toolchain.sources import project_root

# Written last: without it an environment is what an interrupted install left.
STAMP = "ffi-spectrum.json"
# A first install downloads about 180 MB, and builds from source what has no wheel for this Python.
INSTALL_DEADLINE_S = 1800.0
_MAKE_DEADLINE_S = 120.0
_FAILURE = "installing this project into it failed"
_CHECK = "import ffi_spectrum; print(ffi_spectrum.__version__)"


def environment_python(
    interpreter: Interpreter, cache_root: Path, tell: Callable[[str], None], warn: Callable[[str], None]
) -> Path:
    """The Python of a virtual environment of `interpreter` that has this project, made where there is none yet.

    Raises Unavailable where it cannot be made or the install fails, BuildError where the cache cannot be used. `tell`
    hears of work that takes long, `warn` of what the environment has to do without.
    """
    cache = Cache(cache_root)
    place = json.dumps([interpreter.executable, interpreter.abi, str(project_root())])
    folder = cache.environments / f"{interpreter.name}-{hashlib.sha256(place.encode()).hexdigest()[:16]}"
    python = folder / "bin" / "python"
    content = json.dumps(_content(interpreter), indent=1)
    try:
        with FileLock(cache.locks / f"{folder.name}.lock"):
            if not _is_as_wanted(folder / STAMP, content) or _version_in(python) != __version__:
                tell(f"environment of {interpreter.title} (the first time this downloads about 180 MB)")
                _make(interpreter, folder, python, warn)
                (folder / STAMP).write_text(content)
    except OSError as error:
        raise BuildError(f"the environment {folder} cannot be used ({error}); set FFI_SPECTRUM_CACHE") from error
    return python


def _is_as_wanted(stamp: Path, content: str) -> bool:
    return stamp.is_file() and stamp.read_text() == content


def _content(interpreter: Interpreter) -> dict[str, Any]:
    """What decides how the environment turns out; the source tree itself is installed as a link.

    It is not in the folder's name: each takes some 700 MB, so one that is out of date is made anew in its place.
    """
    facts = asdict(interpreter)
    del facts["command"], facts["program"]
    return {"interpreter": facts, **project_facts()}


def _make(interpreter: Interpreter, folder: Path, python: Path, warn: Callable[[str], None]) -> None:
    """Make the environment and install into it; whatever goes wrong, nothing of it is left."""
    shutil.rmtree(folder, ignore_errors=True)
    uv = shutil.which("uv")
    if uv:
        make = [uv, "venv", "--quiet", "--no-project", "--python", interpreter.program, str(folder)]
        install = [uv, "pip", "install", "--quiet", "--python", str(python)]
    else:
        make = [interpreter.program, "-I", "-m", "venv", str(folder)]
        install = [str(python), "-I", "-m", "pip", "install", "--no-input", "--disable-pip-version-check"]
    try:
        _run("a virtual environment could not be made", make, _MAKE_DEADLINE_S)
        # without wheels for this Python, NumPy and SciPy would be compiled for many minutes, most often in vain
        _install(interpreter, [*install, "--only-binary", ":all:"], warn)
        found = _version_in(python)
        if found != __version__:
            raise Unavailable(f"{_FAILURE}: that gave version {found or 'none'} instead of {__version__}")
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _install(interpreter: Interpreter, install: list[str], warn: Callable[[str], None]) -> None:
    """Install this project with the extras that are installed here, less those that this interpreter cannot have."""
    extras = installed_extras()
    try:
        _run(_FAILURE, [*install, *requirement(interpreter, extras)], INSTALL_DEADLINE_S)
        return
    except Unavailable:
        if not extras:
            raise
    _run(_FAILURE, [*install, *requirement(interpreter, [])], INSTALL_DEADLINE_S)
    for extra in extras:
        try:
            _run(_FAILURE, [*install, *requirement(interpreter, [extra])], INSTALL_DEADLINE_S)
        except Unavailable as error:
            warn(f"environment of {interpreter.title} without {extra}: {error}")


def _version_in(python: Path) -> str:
    """The version of this project that `python` imports, "" where it imports none or does not start."""
    try:
        done = subprocess.run(
            [python, "-I", "-c", _CHECK], stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=_MAKE_DEADLINE_S,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def _run(failure: str, command: Sequence[str], deadline_s: float) -> None:
    """Raises Unavailable with the command's own last words."""
    # an environment that is active here, or modules on PYTHONPATH, are none of the other interpreter's
    environment = {name: value for name, value in os.environ.items() if name not in ("VIRTUAL_ENV", "PYTHONPATH")}
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", env=environment,
            timeout=deadline_s,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise Unavailable(f"{failure}: it did not end within {deadline_s:g} s") from None
    if done.returncode != 0:
        raise Unavailable(f"{failure}: {_reason(done)}")


def _reason(done: subprocess.CompletedProcess[str]) -> str:
    """The line that says what went wrong; pip ends with hints, and Debian's venv with advice on its error."""
    text = f"{done.stdout}\n{done.stderr}"
    if "ensurepip is not" in text:
        return "it has no ensurepip: install python3-venv (Debian, Ubuntu), or uv"
    conflict = text.partition("The conflict is caused by:\n")[2].partition("\n\n")[0]
    if conflict:
        return f"a conflict: {'; '.join(line.strip() for line in conflict.splitlines())}"
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if line.lower().startswith("error")]
    return (errors or lines or [f"exit code {done.returncode}"])[-1].removeprefix("ERROR: ")
