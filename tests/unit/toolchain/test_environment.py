"""Environments are made once, made anew when they no longer fit, and leave nothing where they fail; no network."""

from __future__ import annotations

import json
import shlex
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ffi_spectrum import __version__
from ffi_spectrum.errors import BuildError, Unavailable
from ffi_spectrum.toolchain import environment, requirement
from ffi_spectrum.toolchain.environment import environment_python
from ffi_spectrum.toolchain.interpreter import Interpreter
from ffi_spectrum.toolchain.sources import project_root

# A Python that makes environments whose Python writes down what pip is asked for, fails where that contains the text in
# the file "broken" beside the log, and answers every other question with the content of the file "version".
PROGRAM = """#!/bin/sh
[ -e {log}.no-venv ] && {{ echo "The environment was not created because ensurepip is not available."; exit 1; }}
mkdir -p "$4/bin"
cat > "$4/bin/python" <<'END'
#!/bin/sh
case "$*" in
*pip*)
  echo "$*" >> {log}
  case "$*" in *$(cat {log}.broken 2>/dev/null || echo nothing)*)
    echo "ERROR: No matching distribution found for numpy" >&2; echo hint >&2; exit 1;;
  esac
  exit 0;;
*) cat {log}.version;;
esac
END
chmod +x "$4/bin/python"
"""


class Place:
    """A folder with an interpreter, a cache, and what pip was asked for."""

    def __init__(self, folder: Path) -> None:
        self.cache, self.log, program = folder / "cache", folder / "pip", folder / "python3.99"
        program.write_text(PROGRAM.format(log=self.log))
        program.chmod(0o755)
        self.say(__version__)
        facts = ("CPython", "3.99.1", "", "cpython-399", "3.99.1 (main)", str(program))
        self.interpreter = Interpreter("python3.99", str(program), *facts)
        self.told: list[str] = []
        self.warned: list[str] = []

    def say(self, version: str) -> None:
        self.log.with_name("pip.version").write_text(version)

    def python(self, interpreter: Interpreter | None = None) -> Path:
        return environment_python(interpreter or self.interpreter, self.cache, self.told.append, self.warned.append)

    def installs(self) -> list[str]:
        return self.log.read_text().splitlines() if self.log.exists() else []

    def folders(self) -> list[str]:
        return sorted(path.name for path in (self.cache / "environments").iterdir())


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.setattr(shutil, "which", lambda name: None)  # no uv
    monkeypatch.setattr(requirement, "EXTRAS", {"pywasm": "json", "grpc": "shlex", "gpu": "no_such_module"})
    return Place(tmp_path)


def test_an_environment_is_made_once(place: Place) -> None:
    python = place.python()
    assert python.is_file()
    assert place.told == ["environment of CPython 3.99.1 (the first time this downloads about 180 MB)"]
    (install,) = place.installs()
    assert install.startswith("-I -m pip install ")
    assert install.endswith(
        " ".join(["--only-binary", ":all:", *requirement.requirement(place.interpreter, ["pywasm", "grpc"])])
    )
    assert place.python() == python
    assert len(place.told) == len(place.installs()) == 1


def test_it_is_made_anew_in_its_place_where_it_no_longer_fits(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    python = place.python()
    marker = python.parent / "marker"
    marker.touch()
    assert place.python(replace(place.interpreter, build="3.99.1 (rebuilt)")) == python
    assert not marker.exists()
    monkeypatch.setattr(requirement, "EXTRAS", {"other": "json"})
    assert place.python(replace(place.interpreter, build="3.99.1 (rebuilt)")) == python
    assert len(place.installs()) == 3
    assert len(place.folders()) == 1


def test_one_that_does_not_start_or_was_cut_short_is_made_anew(place: Place) -> None:
    python = place.python()
    python.unlink()
    place.python()
    (python.parents[1] / environment.STAMP).unlink()
    place.python()
    assert len(place.installs()) == 3


def test_other_programs_and_other_abis_have_others(place: Place) -> None:
    variants = [replace(place.interpreter, **{name: "other"}) for name in ("executable", "abi")]
    assert len({place.python(), *map(place.python, variants)}) == 3


def test_a_failed_install_is_the_installers_sentence_and_leaves_nothing(place: Place) -> None:
    place.log.with_name("pip.broken").write_text("install")
    with pytest.raises(Unavailable, match=r"into it failed: No matching distribution found for numpy$"):
        place.python()
    assert place.folders() == []


def test_an_extra_that_it_cannot_have_is_left_out(place: Place) -> None:
    place.log.with_name("pip.broken").write_text("grpc")
    python = place.python()
    assert place.warned == [
        "environment of CPython 3.99.1 without grpc: installing this project into it failed: No matching distribution "
        "found for numpy"
    ]
    root = str(project_root())
    extras = [line.split(" --editable ")[1].removeprefix(root) for line in place.installs()]
    assert extras == ["[pywasm,grpc]", "", "[pywasm]", "[grpc]"]
    assert place.python() == python
    assert len(place.installs()) == 4


def test_a_python_without_ensurepip_says_what_to_install(place: Place) -> None:
    place.log.with_name("pip.no-venv").touch()
    with pytest.raises(Unavailable, match="it has no ensurepip: install python3-venv"):
        place.python()


def test_another_version_of_this_project_is_refused(place: Place) -> None:
    place.say("9.9.9")
    with pytest.raises(Unavailable, match=f"gave version 9.9.9 instead of {__version__}"):
        place.python()
    assert place.folders() == []


def test_an_install_without_end_is_ended(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "_MAKE_DEADLINE_S", 0.2)
    Path(place.interpreter.program).write_text("#!/bin/sh\nexec sleep 30\n")
    with pytest.raises(Unavailable, match=r"could not be made: it did not end within 0\.2 s"):
        place.python()


def test_an_unusable_cache_is_one_sentence(place: Place) -> None:
    place.cache.write_text("")
    with pytest.raises(BuildError, match="set FFI_SPECTRUM_CACHE"):
        place.python()


def test_a_conflict_is_named(place: Place) -> None:
    lines = [
        "ERROR: Cannot install x",
        "The conflict is caused by:",
        "    x depends on cffi",
        "    you want none",
        "",
        "hint",
    ]
    python = Path(place.interpreter.program)
    python.write_text(python.read_text().replace("echo hint", f"printf '%s\\n' {shlex.join(lines)}"))
    place.log.with_name("pip.broken").write_text("install")
    with pytest.raises(Unavailable, match=r"failed: a conflict: x depends on cffi; you want none$"):
        place.python()


def test_a_source_tree_is_installed_as_a_link_under_its_constraints(
    place: Place,
) -> None:
    root = project_root()
    link = ["--no-binary", "ffi-spectrum", "--editable", f"{root}[pywasm,grpc]"]
    words = requirement.requirement(place.interpreter, ["pywasm", "grpc"])
    assert words == ["--constraint", f"{root}/constraints.txt", *link]
    assert requirement.requirement(replace(place.interpreter, implementation="PyPy"), ["pywasm", "grpc"]) == link


@pytest.mark.parametrize(
    ("direct_url", "expected"),
    [
        (None, f"ffi-spectrum=={__version__}"),
        ({"url": "file:///dist/x.whl", "archive_info": {}}, "ffi-spectrum @ file:///dist/x.whl"),
        (
            {"url": "https://host/x.git", "vcs_info": {"vcs": "git", "commit_id": "c0ffee"}},
            "ffi-spectrum @ git+https://host/x.git@c0ffee",
        ),
    ],
)
def test_without_a_tree_the_same_is_installed_as_here(
    place: Place, monkeypatch: pytest.MonkeyPatch, direct_url: dict[str, Any] | None, expected: str
) -> None:
    class Distribution:
        def read_text(self, name: str) -> str | None:
            assert name == "direct_url.json"
            return json.dumps(direct_url) if direct_url else None

    monkeypatch.setattr(requirement, "project_root", lambda: None)
    monkeypatch.setattr(requirement, "distribution", lambda name: Distribution())
    assert requirement.requirement(place.interpreter, []) == [expected]
    assert requirement.project_facts()["files"] == {}
