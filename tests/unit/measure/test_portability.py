"""Every claim of portability is tried here, or says why it was not; and a trial can fail."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ffi_spectrum.errors import BuildError, Unavailable
from ffi_spectrum.measure import moved_guest, portability
from ffi_spectrum.measure.portability import CLAIMS
from ffi_spectrum.measure.site import COMMANDS, Claim, Site, find_interpreters, run_program
from ffi_spectrum.toolchain.build import Toolchain
from ffi_spectrum.toolchain.elf import Elf
from ffi_spectrum.toolchain.interpreter import Interpreter, find_interpreter

# What must come out wherever it is tried; the rest depends on the Pythons at hand.
MOVES = {
    ("ffis.wasm", "another folder, user, checkout"): "yes",
    ("ffis.wasm", "another CPU"): "yes",
    ("ffis.wasm", "another OS"): "yes",
    ("ffis.wasm", "another Python"): "yes",
    ("ffis.cwasm", "another CPU"): "no",
    ("ffis.cwasm", "another wasmtime"): "no",
    ("ffis.cwasm", "another OS"): "no",
    ("libffis.so", "another CPU"): "no",
    ("libffis.so", "another CPU, built again"): "yes",
    ("libffis.so", "a Linux with musl"): "no",
    ("libffis.so", "a Linux with musl, built again"): "yes",
    ("libffis.so", "an older Linux, glibc 2.28"): "yes",
    ("libffis.so", "another OS"): "no",
    ("libffis.so", "another Python"): "yes",
    ("C extension", "another Python"): "not promised",
    ("C extension", "another CPU"): "no",
    ("C extension", "another folder than libffis.so"): "no",
    ("cffi module", "another Python"): "yes",
    ("worker program", "another Python"): "yes",
}


# There is but one system here, and no Python.h of another CPU.
NEVER_TRIED = {key for key in MOVES if key[1] == "another OS"} | {("C extension", "another CPU")}


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    yield Site(Toolchain(), tmp_path, find_interpreters(()))
    assert list(tmp_path.iterdir()) == []


def claim(to: str) -> Claim:
    (found,) = [one for one in CLAIMS if one.artifact == "libffis.so" and one.to == to]
    return found


def test_every_claim_has_its_expected_end() -> None:
    assert {(one.artifact, one.to) for one in CLAIMS} == set(MOVES)
    assert len(CLAIMS) == len(MOVES)


@pytest.mark.parametrize("one", CLAIMS, ids=lambda one: f"{one.artifact} to {one.to}")
def test_a_trial_ends_as_expected(site: Site, one: Claim) -> None:
    try:
        finding = one.check(site)
    except Unavailable as absent:
        pytest.skip(absent.reason)
    assert finding.moves == MOVES[one.artifact, one.to], finding.evidence
    assert finding.evidence
    if (one.artifact, one.to) in NEVER_TRIED:
        assert not finding.is_tested
    elif not finding.is_tested:
        pytest.skip(finding.evidence)


@pytest.mark.parametrize("is_changed", [True, False])
def test_another_checkout_makes_other_bytes_only_if_it_differs(
    site: Site, monkeypatch: pytest.MonkeyPatch, is_changed: bool
) -> None:
    copy = moved_guest.copy_sources

    def changed(tree: Path) -> None:
        copy(tree)
        flags = tree / "harness" / "ffi_spectrum" / "toolchain" / "target.py"
        assert "stack-size=65536" in flags.read_text()
        if is_changed:
            flags.write_text(flags.read_text().replace("stack-size=65536", "stack-size=131072"))

    monkeypatch.setattr(moved_guest, "copy_sources", changed)
    finding = moved_guest.same_bytes(site)
    assert finding.moves == ("no" if is_changed else "yes")
    assert finding.evidence.endswith("is another" if is_changed else "both times")


def test_the_package_that_is_imported_must_be_the_copy(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(moved_guest, "copy_sources", lambda tree: tree.mkdir())
    with pytest.raises(BuildError, match="the copy of the sources was not used"):
        moved_guest.same_bytes(site)


def test_other_results_or_other_libraries_are_noticed(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    printed = iter(["add 3\n", "add 4\n"])
    monkeypatch.setattr(portability, "run_program", lambda command: next(printed))
    finding = claim("a Linux with musl, built again").check(site)
    assert (finding.moves, finding.is_tested) == ("no", True)
    elf = Elf(64, "x86_64", ("libc.so.6",), (), (2, 34))
    monkeypatch.setattr(portability, "read_elf", lambda path: elf)
    for to in ("a Linux with musl, built again", "an older Linux, glibc 2.28"):
        assert claim(to).check(site).moves == "no"


def test_a_library_that_the_loader_takes_moves(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Site, "built_for", lambda self, target: self.toolchain)
    assert claim("another CPU").check(site).moves == "yes"


def test_without_an_emulator_or_another_python_a_claim_is_untested(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    finding = claim("another CPU, built again").check(site)
    assert (finding.moves, finding.is_tested) == ("yes", False)
    assert "no qemu-" in finding.evidence
    alone = replace(site, interpreters=())
    for one in CLAIMS:
        if one.to == "another Python" and one.artifact != "worker program":
            assert one.check(alone).is_tested is False


def test_our_own_python_stands_for_another(site: Site) -> None:
    """Nothing but its version keeps it out of the search, so it shows that the trials can end well."""
    own = find_interpreter(sys.executable)
    finding = portability.extension_python(replace(site, interpreters=(own,)))
    assert finding.evidence == f"{own.title} takes it; built for CPython {own.version}"
    assert portability.library_python(replace(site, interpreters=(own,))).is_tested


def test_a_python_that_gets_another_result_is_noticed(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    own = find_interpreter(sys.executable)
    monkeypatch.setattr(portability, "run_program", lambda command: "0x0\n")
    assert portability.library_python(replace(site, interpreters=(own,))).moves == "no"
    assert "wrong results" in portability.extension_python(replace(site, interpreters=(own,))).evidence
    assert portability.cffi_python(replace(site, interpreters=(own,))).moves == "no"


def test_interpreters_are_those_of_other_versions(monkeypatch: pytest.MonkeyPatch) -> None:
    own = find_interpreter(sys.executable)
    others = {"python3.12": "3.12.1", "python3.13": own.version, "python3.14": "3.12.1"}

    def find(command: str) -> Interpreter:
        if command not in others:
            raise Unavailable("there is no such command")
        return replace(own, command=command, version=others[command])

    monkeypatch.setattr("ffi_spectrum.measure.site.find_interpreter", find)
    assert [one.command for one in find_interpreters(())] == ["python3.12"]
    assert set(others) <= set(COMMANDS)
    with pytest.raises(Unavailable, match="no such command"):
        find_interpreters(["python9"])


def test_a_program_that_fails_says_how() -> None:
    assert run_program([sys.executable, "-c", "print('out')"]) == "out\n"
    with pytest.raises(BuildError, match="ended with 1: ValueError: why"):
        run_program([sys.executable, "-c", "raise ValueError('why')"])
    with pytest.raises(BuildError, match="did not run"):
        run_program(["/nonexistent"])
