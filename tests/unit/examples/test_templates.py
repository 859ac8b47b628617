"""What `write` copies and refuses, and what every template file keeps to."""

from importlib.resources import files
from pathlib import Path

import pytest

from ffi_spectrum import examples
from ffi_spectrum.errors import UsageError

COMMON_FILES = {"Makefile", "README.md", "demo.py", "kernels.c", "kernels.py", "requirements.txt"}
OWN_FILES = {"cffi": {"build_kernels.py", "kernels.h"}}


@pytest.mark.parametrize("name", examples.names())
def test_the_directory_is_created_and_every_file_copied(name: str, tmp_path: Path) -> None:
    directory = tmp_path / "new" / "project"
    written = examples.write(name, directory)
    assert {path.name for path in written} == COMMON_FILES | OWN_FILES.get(name, set())
    assert written == sorted(directory.iterdir())
    for path in written:
        assert path.read_bytes() == (files(examples) / name / path.name).read_bytes()


def test_build_products_beside_a_template_are_not_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    template = tmp_path / "package" / "cffi"
    (template / "__pycache__").mkdir(parents=True)
    droppings = (
        "_kernels.c",
        "_kernels.o",
        "_kernels.so",
        "kernels.wasm",
        ".DS_Store",
        "__pycache__/demo.pyc",
    )
    for dropping in (*droppings, "kernels.c", "Makefile"):
        (template / dropping).touch()
    monkeypatch.setattr(examples, "files", lambda _: tmp_path / "package")
    assert [path.name for path in examples.write("cffi", tmp_path / "copy")] == ["Makefile", "kernels.c"]


@pytest.mark.parametrize("name", examples.names())
def test_an_existing_file_is_named_and_nothing_written(name: str, tmp_path: Path) -> None:
    (tmp_path / "demo.py").write_text("mine")
    with pytest.raises(UsageError, match=r"demo\.py"):
        examples.write(name, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["demo.py"]
    assert (tmp_path / "demo.py").read_text() == "mine"


def test_a_dangling_link_is_not_written_through(tmp_path: Path) -> None:
    (tmp_path / "kernels.c").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UsageError, match=r"kernels\.c"):
        examples.write("ctypes", tmp_path)
    assert not (tmp_path / "elsewhere").exists()


def test_a_file_in_the_directory_s_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "taken").touch()
    with pytest.raises(UsageError, match="taken"):
        examples.write("ctypes", tmp_path / "taken")


@pytest.mark.parametrize("name", ["", "numpy", "../rungs", "CFFI"])
def test_an_unknown_name_is_refused_with_the_known_ones(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cffi, ctypes, wasmtime, python"):
        examples.write(name, tmp_path / "project")
    assert not (tmp_path / "project").exists()


@pytest.mark.parametrize("name", examples.names())
def test_the_readme_has_ten_lines_at_most_and_the_commands(name: str, tmp_path: Path) -> None:
    examples.write(name, tmp_path)
    readme = (tmp_path / "README.md").read_text()
    assert 0 < len([line for line in readme.splitlines() if line.strip()]) <= 10
    assert "pip install -r requirements.txt" in readme
    assert "python demo.py" in readme


@pytest.mark.parametrize("name", examples.names())
def test_a_template_stands_alone(name: str, tmp_path: Path) -> None:
    for path in examples.write(name, tmp_path):
        text = path.read_text()
        assert "ffi_spectrum" not in text
        assert max(map(len, text.splitlines())) <= 110, path.name


def test_pure_python_replaces_the_very_file_that_ctypes_compiles() -> None:
    ctypes_source, python_source = (files(examples) / name / "kernels.c" for name in ("ctypes", "python"))
    assert python_source.read_bytes() == ctypes_source.read_bytes()
