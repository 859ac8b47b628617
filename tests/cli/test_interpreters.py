"""`bench --python`: who takes part, whose turn it is, and the table of all."""

from __future__ import annotations

import json
import os
import platform
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ffi_spectrum.cli.several import spread
from ffi_spectrum.commands import interpreters
from ffi_spectrum.commands.turns import Player
from ffi_spectrum.errors import Unavailable
from ffi_spectrum.toolchain.interpreter import Interpreter

from .conftest import Run

SMALL = ("--rung", "ctypes", "--rung", "python", "--kernel", "crc32", "--out", "x.jsonl")
ROOT = Path(__file__).resolve().parents[2]
PLAYER = ["/usr/bin/env", f"PYTHONPATH={ROOT}", sys.executable, "-m", "tests.cli.player"]
OWN = f"x-cpython-{platform.python_version()}{sys.abiflags}.jsonl"
NEW = "x-cpython-3.99.1.jsonl"
MakeProgram = Callable[..., str]


@pytest.fixture
def program(tmp_path: Path) -> MakeProgram:
    """Writes a program that answers as an interpreter of that version does, and returns its path."""

    def make(name: str, version: str = "3.99.1", executable: str = "") -> str:
        path = tmp_path / name
        facts = {
            "implementation": "CPython", "version": version, "abiflags": "", "abi": "x", "build": version,
            "executable": executable or str(path),
        }  # fmt: skip
        path.write_text(f"#!/bin/sh\necho {shlex.quote(json.dumps(facts))}\n")
        path.chmod(0o755)
        return str(path)

    return make


@pytest.fixture
def turns(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[str]]:
    """Every environment is the stand-in player; gives what it wrote down, a line for each turn."""
    python = tmp_path / "environment-python"
    python.write_text(f'#!/bin/sh\nexec {shlex.join(PLAYER)} "$@"\n')
    python.chmod(0o755)

    def environment(interpreter: Interpreter, cache_root: Path, *listeners: Callable[[str], None]) -> Path:
        if "broken" in interpreter.command:
            raise Unavailable("installing this project into it failed: No matching distribution found for numpy")
        return python

    log = tmp_path / "turns.txt"
    monkeypatch.setattr(interpreters, "environment_python", environment)
    monkeypatch.setenv("FFIS_TEST_LOG", str(log))
    monkeypatch.setenv("COLUMNS", "1000")  # so that paths break no sentence
    return lambda: log.read_text().splitlines() if log.exists() else []


Turns = Callable[[], list[str]]


def test_interpreters_measure_in_turns_and_share_a_table(run: Run, program: MakeProgram, turns: Turns) -> None:
    done = run("bench", *SMALL, "--python", sys.executable, program("new"))
    assert done.exit_code == 0, done.stderr
    names, seeds = zip(*(line.split() for line in turns()), strict=True)
    assert list(names) == [OWN, NEW, NEW, OWN] * 6
    assert len(set(seeds)) == 1
    lines = [line.rstrip() for line in done.stdout.splitlines()]
    assert lines[1].split() == ["CPython", "CPython"]
    assert lines[2].split() == ["placement", f"{platform.python_version()}{sys.abiflags}", "3.99.1"]
    assert lines[3] == "crc32, size 1,024, prebound"
    rows = {tuple(line.split()[:2]): line.split()[2:] for line in lines}
    assert rows["ctypes", "host"] == ["1.06", "±0.00", "us", "1.12", "±0.00", "us"]
    assert rows["python", "host"] == ["71.0", "±0.0", "us", "71.0", "±0.0", "us"]
    assert f"Raw times are in {OWN}, {NEW}; see this table again with: " in done.stdout
    assert "it was ended by SIGSEGV" in done.stdout
    assert "measuring in 24 processes, about 6 s, at most 18 s" in done.stderr
    assert "24 of 24 processes, 0 s left" in done.stderr


def test_the_printed_command_shows_the_table_again(run: Run, program: MakeProgram, turns: Turns) -> None:
    done = run("bench", *SMALL, "--python", program("new"))
    words = shlex.split(done.stdout.split("see this table again with: ")[1])
    before = turns()
    again = run(*words[words.index("bench") :])
    assert (again.exit_code, again.stdout) == (0, done.stdout)
    assert turns() == before


def test_those_that_cannot_take_part_get_a_sentence_each(run: Run, program: MakeProgram, turns: Turns) -> None:
    old, broken = program("old", "3.10.13"), program("broken")
    silent = program("silent")
    Path(silent).write_text("#!/bin/sh\necho no >&2\nexit 4\n")
    words = ["--python", "no-such-python", old, broken, silent, "--python=/bin/echo", program("new")]
    done = run("bench", *SMALL, *words)
    assert done.exit_code == 0, done.stderr
    assert done.stderr.splitlines()[:5] == [
        "no-such-python is unavailable: there is no such command, and no such program; install it, or give its path",
        f"{old} is unavailable: it is CPython 3.10.13, and 3.11 or newer is needed",
        f"{broken} is unavailable: installing this project into it failed: No matching distribution found for numpy",
        f"{silent} is unavailable: {silent} ended with exit code 4: no",
        "/bin/echo is unavailable: it did not answer as a Python does",
    ]
    assert {line.split()[0] for line in turns()} == {NEW}


def test_without_any_interpreter_it_fails(run: Run, turns: Turns) -> None:
    done = run("bench", *SMALL, "--python", "no-such-python")
    assert (done.exit_code, done.stdout, turns()) == (1, "", [])
    sentence = "ffi-spectrum: no requested case was measured under any interpreter; the reasons are above"
    assert done.stderr.splitlines()[-1] == sentence


def test_one_that_fails_on_the_way_is_shown_as_far_as_it_came(
    run: Run, program: MakeProgram, turns: Turns, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FFIS_TEST_ENDING", json.dumps({OWN: "late"}))
    done = run("bench", *SMALL, "--python", sys.executable, program("new"))
    assert done.exit_code == 0
    title = f"CPython {platform.python_version()}{sys.abiflags}"
    assert f"warning: {title} stopped before its end: it lost its worker" in done.stderr.splitlines()
    names = [line.split()[0] for line in turns()]
    assert (names.count(OWN), names.count(NEW)) == (2, 12)
    assert "1.06 ±0.00 us" in done.stdout


@pytest.mark.parametrize(("ending", "reason"), [("early", "it was refused"), ("mute", "it ended with exit code 3")])
def test_one_that_fails_before_its_first_turn_has_no_column(
    run: Run, program: MakeProgram, turns: Turns, monkeypatch: pytest.MonkeyPatch, ending: str, reason: str
) -> None:
    monkeypatch.setenv("FFIS_TEST_ENDING", json.dumps({NEW: ending}))
    done = run("bench", *SMALL, "--python", sys.executable, program("new"))
    assert done.exit_code == 0
    assert f"CPython 3.99.1 is unavailable: {reason}" in done.stderr.splitlines()
    assert "3.99.1" not in done.stdout.split("Raw times are in")[0]
    assert {line.split()[0] for line in turns()} == {OWN}


def test_a_program_is_measured_once_and_builds_of_one_version_have_files_of_their_own(
    run: Run, program: MakeProgram, turns: Turns
) -> None:
    first, second = program("first"), program("second")
    again = program("again", executable=first)
    done = run("bench", *SMALL, "--python", first, second, again, first)
    assert done.exit_code == 0
    assert f"warning: {again} is {first} once more, which is measured once" in done.stderr.splitlines()
    assert {line.split()[0] for line in turns()} == {NEW, "x-cpython-3.99.1-2.jsonl"}


def test_ctrl_c_ends_every_bench_and_says_how_to_go_on(
    run: Run, program: MakeProgram, turns: Turns, monkeypatch: pytest.MonkeyPatch
) -> None:
    players: list[Player] = []

    def interrupted(given: list[Player], **told: object) -> None:
        players.extend(given)
        given[0].take_turn()
        raise KeyboardInterrupt

    monkeypatch.setattr(interpreters, "play", interrupted)
    words = ["--python", sys.executable, "--python", program("new")]
    done = run("bench", *SMALL, *words)
    assert (done.exit_code, done.stdout) == (130, "")
    sentence = done.stderr.splitlines()[-1]
    assert sentence.startswith(f"ffi-spectrum: stopped; saved: {OWN}, {NEW}; go on with: ")
    again = shlex.split(sentence.split("go on with: ")[1])
    assert again[again.index("bench") :] == ["bench", "--profile", "quick", *SMALL, *words]
    assert [player.ended_with for player in players] == [130, 130]


def test_a_bench_whose_turns_nobody_gives_any_more_ends(tmp_path: Path) -> None:
    command = [*PLAYER, "bench", *SMALL, "--in-turns"]
    environment = dict(os.environ, FFIS_TEST_LOG=str(tmp_path / "log"))
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, cwd=tmp_path, env=environment
    )  # fmt: skip
    assert json.loads(done.stdout) == [0, 12, 3.0, 9.0]
    assert done.returncode == 130
    assert done.stderr == "ffi-spectrum: stopped: the bench that gives the turns has ended\n"
    assert not (tmp_path / "log").exists()


def test_what_is_wrong_for_all_stops_before_any_work(run: Run, turns: Turns) -> None:
    for options in (("--kernel", "fft"), ("--cc", "no-such-cc"), ("--kernel", "crc32", "--list")):
        done = run("bench", *options, "--python", sys.executable)
        assert (done.exit_code in (1, 2), done.stdout) == (True, "")
        assert len(done.stderr.splitlines()) == 1
    assert run("bench", "--in-turns").exit_code == 2
    assert turns() == []


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("--python a b --kernel add", "--python a --python b --kernel add"),
        ("--python=a b --python c d", "--python=a --python b --python c --python d"),
        ("--kernel add stray --python a", "--kernel add stray --python a"),
        ("--python a --list stray", "--python a --list stray"),
        ("--kernel add", "--kernel add"),
    ],
)
def test_every_word_up_to_the_next_option_is_an_interpreter(words: str, expected: str) -> None:
    assert " ".join(spread(words.split())) == expected
