"""The pages show what their commands print, and the tool that fills them finds what does not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from ffi_spectrum.rungs import absent
from ffi_spectrum.rungs.table import RUNGS, rung_class

from .tools import ROOT, load_tool

STALE = "# Title\n\n<!-- begin: ffi-spectrum rungs --markdown -->\nold\n<!-- end -->\n\nText.\n"


@pytest.fixture
def tool() -> ModuleType:
    return load_tool("embed_tables")


@pytest.fixture
def page(tmp_path: Path) -> Callable[[str], Path]:
    """Writes a README.md in a repository of its own."""

    def write(text: str) -> Path:
        path = tmp_path / "README.md"
        path.write_text(text)
        return path

    return write


def missing_package() -> str:
    """Why a rung has only a stand-in here, whose row differs from the pages'; "" where every rung can be imported."""
    infos = {name: rung_class(name) for name in RUNGS}
    lacking = [f"{name}: {rung.info.needs}" for name, rung in infos.items() if rung.__module__ == absent.__name__]
    return "; ".join(lacking)


def test_a_missing_package_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(RUNGS, "other", "no_such_package:Other")
    assert "other: the package no_such_package is not installed: `pip install no_such_package`" in missing_package()


def test_every_block_of_the_pages_is_what_its_command_prints(
    tool: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    if reason := missing_package():
        pytest.skip(reason)
    assert tool.main(["--check"]) == 0, capsys.readouterr().out


def test_the_readme_embeds_both_forms_and_the_rungs(tool: ModuleType) -> None:
    text = (ROOT / "README.md").read_text()
    commands = [block["command"] for block in tool.BLOCK.finditer(text)]
    assert len(commands) == text.count("<!-- begin") == text.count("<!-- end -->")
    for words in ("rungs --markdown", "--kernel add --form prebound", "--kernel saxpy --form fresh"):
        assert any(words in command for command in commands), words


def test_check_names_a_stale_page_and_leaves_it_alone(
    tool: ModuleType, page: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    path = page(STALE)
    assert tool.main(["--check", "--root", str(path.parent)]) == 1
    assert capsys.readouterr().out == "README.md differs: run tools/embed_tables.py\n"
    assert path.read_text() == STALE


def test_a_stale_block_is_rewritten_and_the_text_around_it_kept(tool: ModuleType, page: Callable[[str], Path]) -> None:
    path = page(STALE)
    assert tool.main(["--root", str(path.parent)]) == 0
    text = path.read_text()
    assert text.startswith("# Title\n\n<!-- begin: ffi-spectrum rungs --markdown -->\n\n| rung | for | needs |\n")
    assert text.endswith("|\n\n<!-- end -->\n\nText.\n")
    assert "old" not in text
    assert tool.main(["--check", "--root", str(path.parent)]) == 0


@pytest.mark.parametrize("command", ["rm -r docs", "ffi-spectrum show missing.jsonl"], ids=["foreign", "failing"])
def test_a_command_that_is_not_ours_or_fails_changes_nothing(
    tool: ModuleType, page: Callable[[str], Path], command: str
) -> None:
    text = STALE.replace("ffi-spectrum rungs --markdown", command)
    path = page(text)
    with pytest.raises(SystemExit, match="embed_tables: "):
        tool.main(["--root", str(path.parent)])
    assert path.read_text() == text
