"""`bench --python`: the same spectrum under several interpreters, in turns, and one table of all."""

from __future__ import annotations

import shlex
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from ffi_spectrum.analysis.estimate import estimate_results
from ffi_spectrum.analysis.panel import next_look
from ffi_spectrum.commands.bench import default_path, is_measured, note_sizes
from ffi_spectrum.commands.progress import BenchProgress
from ffi_spectrum.commands.request import Request, open_toolchain
from ffi_spectrum.commands.screen import Screen, program
from ffi_spectrum.commands.turns import Player, TurnObserver, play
from ffi_spectrum.errors import BuildError, MeasurementError, Unavailable
from ffi_spectrum.measure.run import run_plan
from ffi_spectrum.report.interpreters import Column, interpreter_table
from ffi_spectrum.results.store import read_results
from ffi_spectrum.toolchain.cache import default_cache_root
from ffi_spectrum.toolchain.environment import environment_python
from ffi_spectrum.toolchain.interpreter import Interpreter, find_interpreter


@dataclass(frozen=True, slots=True)
class Run:
    """One interpreter, the Python that has this project for it, and its results file."""

    interpreter: Interpreter
    python: Path
    path: Path


def bench_in_turns(request: Request, path: Path) -> None:
    """Measure into `path` as a player of `bench --python`: nothing is shown, and every process waits for its turn."""
    run_plan(request.plan(), path, open_toolchain(request.cc), TurnObserver(), next_look)


def run_interpreters(screen: Screen, request: Request, commands: Sequence[str], out: Path | None) -> None:
    """Measure under every interpreter that `commands` name, each into a file of its own beside `out`, and show.

    An interpreter that cannot take part is left out with a sentence. Raises MeasurementError where none was measured,
    and FFISpectrumError for what would stop each of them. Ctrl-C passes through as a KeyboardInterrupt whose text says
    what is saved and how to go on.
    """
    plan = request.plan()
    note_sizes(screen, request, plan)
    open_toolchain(request.cc)
    base = out or default_path(request.profile, datetime.now())
    again = f"{program()} {_command(request, commands, base)}"
    runs: list[Run] = []
    with BenchProgress(screen.err) as progress:
        try:
            for run in find_runs(commands, base, progress):
                runs.append(run)
            measured = measure_runs(replace(request, seed=plan.seed), runs, progress)
        except KeyboardInterrupt:
            saved = _names([run.path for run in runs if run.path.exists()]) or "nothing yet"
            raise KeyboardInterrupt(f"stopped; saved: {saved}; go on with: {again}") from None
    columns = [_column(run) for run in measured]
    for part in interpreter_table(columns, screen.out.width):
        screen.out.print(part)
    if not any(is_measured(column.estimates, request) for column in columns):
        raise MeasurementError("no requested case was measured under any interpreter; the reasons are above")
    files = _names([run.path for run in measured])
    screen.out.print(f"\nRaw times are in {files}; see this table again with: {again}", soft_wrap=True)


def _column(run: Run) -> Column:
    results = read_results(run.path)
    packages = results.run.fingerprint.get("packages") or {}
    return Column(run.interpreter.title, estimate_results(results), packages)


def find_runs(commands: Sequence[str], base: Path, progress: BenchProgress) -> Iterator[Run]:
    """Every interpreter with its environment; one that has none is told of, and one program is taken only once."""
    taken: set[str] = set()
    paths: set[Path] = set()
    for command in dict.fromkeys(commands):
        try:
            interpreter = find_interpreter(command)
            if interpreter.executable in taken:
                progress.warn(f"{command} is {interpreter.executable} once more, which is measured once")
                continue
            taken.add(interpreter.executable)
            python = environment_python(interpreter, default_cache_root(), progress.building, progress.warn)
        except (Unavailable, BuildError) as error:
            progress.unavailable(command, str(error))
            continue
        path = _own_path(base, interpreter.name, paths)
        paths.add(path)
        yield Run(interpreter, python, path)


def _own_path(base: Path, name: str, paths: set[Path]) -> Path:
    """`base` with the interpreter's name in it, and a number where two builds have one name."""
    number = 1
    path = base.with_name(f"{base.stem}-{name}{base.suffix}")
    while path in paths:
        number += 1
        path = base.with_name(f"{base.stem}-{name}-{number}{base.suffix}")
    return path


def measure_runs(request: Request, runs: Sequence[Run], progress: BenchProgress) -> list[Run]:
    """Let every run's bench measure in turns; returns those that came as far as measuring."""
    with _players(request, runs, progress) as players:
        if players:
            pace = Pace(list(players.values()), progress)
            play(
                list(players.values()),
                ended=lambda player, reason: progress.warn(f"{player.name} stopped before its end: {reason}"),
                moved=pace.moved,
            )
        return [run for run in runs if run.path in players]


@contextmanager
def _players(request: Request, runs: Sequence[Run], progress: BenchProgress) -> Iterator[dict[Path, Player]]:
    """The benches that are ready to measure, by results file; each is prepared while the others wait."""
    players: dict[Path, Player] = {}
    try:
        for run in runs:
            title = run.interpreter.title
            progress.building(f"for {title}, and counting calls")
            arguments = ["-I", "-m", "ffi_spectrum", *request.words(run.path), "--in-turns"]
            try:
                players[run.path] = Player(title, [run.python, *arguments])
            except MeasurementError as error:
                progress.unavailable(title, str(error))
        yield players
    finally:
        for player in players.values():
            player.close()


class Pace:
    """Tells how far all players are together."""

    def __init__(self, players: Sequence[Player], progress: BenchProgress) -> None:
        self._players = players
        self._progress = progress
        self._started_s = time.monotonic()
        self._told = self._earlier, total = self._standing()
        self._predicted_s = sum(player.standing.left_s for player in players)
        progress.bound(sum(player.standing.most_s for player in players))
        progress.start(total, self._earlier, self._predicted_s)

    def moved(self) -> None:
        """One turn is over; a player's last brings no process."""
        done, total = self._standing()
        if (done, total) == self._told:
            return
        self._told = done, total
        new, spent_s = done - self._earlier, time.monotonic() - self._started_s
        left_s = spent_s / new * (total - done) if new else self._predicted_s
        self._progress.process_done("", done, total, left_s)

    def _standing(self) -> tuple[int, int]:
        standings = [player.standing for player in self._players]
        return sum(one.done for one in standings), sum(one.total for one in standings)


def _command(request: Request, commands: Sequence[str], base: Path) -> str:
    pythons = [word for command in commands for word in ("--python", command)]
    return shlex.join([*request.words(base), *pythons])


def _names(paths: Sequence[Path]) -> str:
    return ", ".join(shlex.quote(str(path)) for path in paths)
