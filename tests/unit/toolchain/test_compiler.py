"""Finding and running the compiler: what is said when it is missing, refuses, hangs, or has no home."""

from __future__ import annotations

import os
import sysconfig
import time
from collections.abc import Callable
from pathlib import Path
from typing import get_args

import psutil
import pytest

from ffi_spectrum.errors import BuildError, Unavailable
from ffi_spectrum.toolchain import compiler as module
from ffi_spectrum.toolchain.build import Toolchain, probe
from ffi_spectrum.toolchain.compiler import Compiler, find_compiler, python_include
from ffi_spectrum.toolchain.target import WASM32, X86_64, X86_64_V3, Build

Fake = Callable[[str], str]


@pytest.fixture
def fake(tmp_path: Path) -> Fake:
    """Make a compiler that is a shell script, and give its path."""

    def make(script: str) -> str:
        program = tmp_path / "fakecc"
        program.write_text(f'#!/bin/sh\nif [ "$1" = --version ]; then echo "fakecc 1.2"; exit 0; fi\n{script}\n')
        program.chmod(0o755)
        return str(program)

    return make


def test_zig_by_default() -> None:
    found = find_compiler()
    assert found.is_zig
    assert found.version[0].isdigit()
    assert probe("zig") == found.version


@pytest.mark.parametrize("choice", ["no-such-cc", "/no/such/cc"])
def test_a_missing_compiler_says_what_to_do(choice: str) -> None:
    with pytest.raises(Unavailable, match="install it, or leave out --cc"):
        find_compiler(choice)
    assert choice in probe(choice)


def test_no_zig_at_all(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    find_compiler.cache_clear()
    with pytest.raises(Unavailable, match="pip install ziglang"):
        find_compiler()


def test_a_compiler_that_does_not_start(tmp_path: Path) -> None:
    program = tmp_path / "notcc"
    program.write_text("not a program")
    program.chmod(0o755)
    with pytest.raises(Unavailable, match="does not work"):
        find_compiler(str(program))


def test_a_chosen_path(fake: Fake) -> None:
    found = find_compiler(fake("exit 0"))
    assert (found.name, found.version, found.is_zig) == ("fakecc", "fakecc 1.2", False)


def test_the_compilers_own_message_and_the_file(tmp_path: Path) -> None:
    source = tmp_path / "broken.c"
    source.write_text("int f(void) { return undeclared_name; }\n")
    with pytest.raises(BuildError, match="exit code") as caught:
        find_compiler().run(["-c", str(source), "-o", str(tmp_path / "broken.o")], Toolchain().cache.zig)
    assert str(source) in str(caught.value)
    assert "undeclared_name" in str(caught.value)


def test_messages_in_another_encoding(fake: Fake, tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="failed with exit code 3"):
        find_compiler(fake("printf 'error: \\377\\376' >&2; exit 3")).run([], tmp_path)


def test_a_compiler_that_vanished(fake: Fake, tmp_path: Path) -> None:
    found = find_compiler(fake("exit 0"))
    Path(found.argv[0]).unlink()
    with pytest.raises(BuildError, match="could not be started"):
        found.run([], tmp_path)


def test_a_program_that_writes_no_output_is_no_compiler(fake: Fake, tmp_path: Path) -> None:
    found = find_compiler(fake("exit 0"))
    with pytest.raises(BuildError, match=r"fakecc ended without an error and did not write add\.o: .* with --cc"):
        found.run(["-c", "add.c", "-o", str(tmp_path / "add.o")], tmp_path)
    (tmp_path / "add.o").write_text("made")
    assert found.run(["-c", "add.c", "-o", str(tmp_path / "add.o")], tmp_path) == ""


def test_a_stuck_compiler_ends_at_the_deadline_with_its_children(fake: Fake, tmp_path: Path) -> None:
    child = tmp_path / "child.pid"
    found = find_compiler(fake(f"sleep 600 & echo $! > {child}\nwait"))
    with pytest.raises(BuildError, match=r"did not end within 0\.7 s"):
        found.run(["-c", "x.c"], tmp_path, deadline_s=0.7)
    pid = int(child.read_text())
    for _ in range(100):  # the kernel ends it a moment after the signal
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return
        time.sleep(0.05)
    pytest.fail(f"the child {pid} of the stuck compiler still runs")


def test_zig_works_without_a_usable_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With an unusable HOME Zig spins for ever, unless its caches are placed elsewhere."""
    (tmp_path / "file").write_text("")
    for name in ("HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, str(tmp_path / "file" / "nowhere"))
    source = tmp_path / "f.c"
    source.write_text("int f(void) { return 1; }\n")
    caches = tmp_path / "zig"
    find_compiler().run(["-c", str(source), "-o", str(tmp_path / "f.o")], caches, deadline_s=60)
    assert (tmp_path / "f.o").stat().st_size > 0


@pytest.mark.parametrize("build", get_args(Build))
def test_flags_keep_native_and_wasm_comparable(build: Build) -> None:
    zig = find_compiler()
    for target in (X86_64, X86_64_V3, WASM32):
        flags = zig.flags(target, build)
        assert "-ffp-contract=off" in flags
        assert "-Werror" in flags
        assert f"-mcpu={target.cpu}" in flags
        assert not any("fast" in flag for flag in flags)
    assert "-march=x86-64" in Compiler("gcc", ("gcc",), "").flags(X86_64, build)
    assert any(flag.startswith("-fsanitize=") for flag in zig.flags(X86_64, build)) == (build in ("ubsan", "asan"))


def test_missing_headers_give_the_install_hint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sysconfig, "get_path", lambda name: str(tmp_path))
    with pytest.raises(Unavailable, match="python3-dev"):
        python_include()


def test_headers_of_this_python() -> None:
    try:
        folder = python_include()
    except Unavailable as absent:
        pytest.skip(absent.reason)
    assert (folder / "Python.h").is_file()
    assert os.path.isabs(folder)  # noqa: PTH117
