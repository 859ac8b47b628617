"""The order of a gate's processes, what each may import, and how a call is written."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from ffi_spectrum.errors import CallError, UsageError, WorkerDied
from ffi_spectrum.measure import gate
from ffi_spectrum.measure.gate import Comparison, sample_pairs, sample_side
from ffi_spectrum.measure.sampling import Protocol
from ffi_spectrum.measure.side import Side, parse_call, shared_path
from ffi_spectrum.measure.snippet import Snippet
from ffi_spectrum.results.sample import Sample

CALL = parse_call("subject:work")


@pytest.fixture
def comparison(tmp_path: Path) -> Comparison:
    sides = []
    for name in ("base", "head"):
        (tmp_path / name / "src").mkdir(parents=True)
        own = (tmp_path / name, tmp_path / f"{name}-site", tmp_path / "pycache")
        sides.append(Side(name, *own, (".", "src"), tuple(sys.path)))
    return Comparison(sides[0], sides[1], "0" * 40)


def test_blocks_are_abba_or_baab_and_pairs_share_their_seed(
    comparison: Comparison, monkeypatch: pytest.MonkeyPatch
) -> None:
    launches: list[tuple[str, int]] = []

    def sample_once(snippets: list[Snippet], protocol: Protocol, seed: int) -> Sample:
        launches.append((Path(protocol.path[0]).name.removesuffix("-site"), seed))
        return Sample(seed, [], {})

    monkeypatch.setattr(gate, "sample_once", sample_once)
    pairs = sample_pairs(comparison, [CALL], Protocol(), lambda pairs: len(pairs) >= 40, seed=3)
    assert len(pairs) == 40
    blocks = ["".join(name[0] for name, _ in launches[i : i + 4]) for i in range(0, 80, 4)]
    assert set(blocks) == {"bhhb", "hbbh"}
    seeds = [seed for _, seed in launches]
    assert seeds[::2] == seeds[1::2]
    assert len(set(seeds)) == 40
    assert [(base.seed, head.seed) for base, head in pairs] == [(seed, seed) for seed in seeds[::2]]


def test_an_error_says_on_which_side_and_keeps_its_kind(
    comparison: Comparison, monkeypatch: pytest.MonkeyPatch
) -> None:
    def sample_once(snippets: list[Snippet], protocol: Protocol, seed: int) -> Sample:
        raise WorkerDied("it was ended")

    monkeypatch.setattr(gate, "sample_once", sample_once)
    with pytest.raises(WorkerDied, match=r"^subject:work in head: it was ended$"):
        sample_side(comparison.head, [CALL], Protocol(), 0)


def test_a_process_has_its_own_sides_path_alone(comparison: Comparison) -> None:
    for side, other in ((comparison.base, comparison.head), (comparison.head, comparison.base)):
        path = side.protocol(Protocol()).path
        assert path[:3] == (str(side.site), str(side.directory), str(side.directory / "src"))
        assert not any(entry.startswith(str(other.directory)) for entry in path)


def test_the_shared_path_leaves_out_the_working_tree_but_not_an_environment_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = tmp_path / ".venv" / "lib" / "site-packages"
    monkeypatch.setattr(sys, "prefix", str(tmp_path / ".venv"))
    monkeypatch.setattr(sys, "path", ["", str(tmp_path), str(tmp_path / "src"), str(site), "/elsewhere"])
    assert shared_path(tmp_path)[:2] == (str(site), "/elsewhere")


@pytest.mark.parametrize(
    ("text", "module", "expression", "names"),
    [
        ("a:f", "a", "f()", ("f",)),
        ("a.b:C.make", "a.b", "C.make()", ("C",)),
        ("json:loads('[1]')", "json", "loads('[1]')", ("loads",)),
        ("a:f('x:y')", "a", "f('x:y')", ("f",)),
        ("a:f([x for x in DATA], lambda y: y)", "a", "f([x for x in DATA], lambda y: y)", ("f", "DATA")),
        (" a : f ", "a", "f()", ("f",)),
    ],
)
def test_calls_are_read(text: str, module: str, expression: str, names: tuple[str, ...]) -> None:
    found = parse_call(text)
    assert (found.module, found.expression, found.names) == (module, expression, names)


@pytest.mark.parametrize("text", ["", "a", "a:", ":f", "a b:f", "a..b:f", "a:f(", "a:x = 1", "1:f", "a:f\0"])
def test_what_is_no_call_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse_call(text)


def test_a_plain_folder_of_the_same_name_is_not_the_module(comparison: Comparison) -> None:
    """A namespace package gives way to any regular one: the standard library's would be measured on both sides."""
    (comparison.head.directory / "json").mkdir()
    assert not comparison.head.holds("json")
    (comparison.head.directory / "json" / "__init__.py").touch()
    assert comparison.head.holds("json")
    assert comparison.head.holds("json.decoder")


def test_a_call_runs_in_its_checkout_and_writes_nothing_there(comparison: Comparison) -> None:
    head = comparison.head
    (head.directory / "data.txt").write_text("4")
    (head.directory / "subject.py").write_text("def work():\n    assert open('data.txt').read() == '4'\n")
    sample_side(head, [CALL], Protocol(rounds=1, block_ns=1000), 0)
    assert sorted(path.name for path in head.directory.iterdir()) == ["data.txt", "src", "subject.py"]


def test_a_missing_name_is_named(comparison: Comparison) -> None:
    (comparison.head.directory / "subject.py").touch()
    with pytest.raises(CallError, match="has no attribute 'work'"):
        sample_side(comparison.head, [CALL], Protocol(rounds=1, block_ns=1000), 0)
