"""Finding out what an interpreter is, without importing anything of ours in it."""

from __future__ import annotations

import platform
import sys
import sysconfig
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from ffi_spectrum.errors import Unavailable
from ffi_spectrum.toolchain import interpreter
from ffi_spectrum.toolchain.interpreter import find_interpreter

MakeScript = Callable[[str], str]


@pytest.fixture
def script(tmp_path: Path) -> MakeScript:
    """Writes a program of these shell commands, and returns its path."""

    def make(text: str) -> str:
        path = tmp_path / "some-python"
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)
        return str(path)

    return make


def test_this_interpreter_is_known_by_what_it_is() -> None:
    found = find_interpreter(sys.executable)
    assert (found.command, found.program) == (sys.executable, sys.executable)
    assert (found.version, found.build) == (platform.python_version(), sys.version)
    assert found.abi == sysconfig.get_config_var("SOABI")
    assert Path(found.executable).samefile(sys._base_executable)  # type: ignore[attr-defined]
    assert found.name == f"{found.implementation.lower()}-{found.version}{sys.abiflags}"


def test_a_command_is_looked_up_on_the_path(monkeypatch: pytest.MonkeyPatch) -> None:
    folder, name = str(Path(sys.executable).parent), Path(sys.executable).name
    monkeypatch.setenv("PATH", folder)
    assert find_interpreter(name) == replace(find_interpreter(sys.executable), command=name)


def test_modules_of_the_current_directory_are_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit(9)")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert find_interpreter(sys.executable).version == platform.python_version()


def test_a_free_threaded_build_has_a_name_of_its_own() -> None:
    found = replace(find_interpreter(sys.executable), implementation="CPython", version="3.14.0", abiflags="t")
    assert (found.title, found.name) == ("CPython 3.14.0t", "cpython-3.14.0t")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("exit 3", "ended with exit code 3"),
        ("echo bad luck >&2; exit 1", "ended with exit code 1: bad luck"),
        ("echo hello", "did not answer as a Python does"),
        ("echo '{}'", "did not answer as a Python does"),
        ("echo '[1]'", "did not answer as a Python does"),
        ("exec sleep 30", "did not answer within 0.2 s"),
    ],
)
def test_what_is_no_python_says_so(script: MakeScript, monkeypatch: pytest.MonkeyPatch, text: str, reason: str) -> None:
    monkeypatch.setattr(interpreter, "PROBE_DEADLINE_S", 0.2 if "sleep" in text else 30.0)
    with pytest.raises(Unavailable, match=reason):
        find_interpreter(script(text))


@pytest.mark.parametrize("version", ["2.7.18", "3.10.13"])
def test_an_old_python_is_refused(script: MakeScript, version: str) -> None:
    names = ("implementation", "abiflags", "abi", "build", "executable")
    row = ", ".join(f'"{name}": "CPython"' for name in names)
    with pytest.raises(Unavailable, match=f"it is CPython {version}CPython, and 3.11 or newer is needed"):
        find_interpreter(script(f"""echo '{{"version": "{version}", {row}}}'"""))


def test_a_program_that_cannot_start_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "not-executable-format"
    path.write_bytes(b"\x7fELF")
    path.chmod(0o755)
    with pytest.raises(Unavailable, match="could not be started"):
        find_interpreter(str(path))
    with pytest.raises(Unavailable, match="there is no such command"):
        find_interpreter(str(tmp_path / "nothing"))
