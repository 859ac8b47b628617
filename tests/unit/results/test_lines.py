"""Lines of a file, plain or compressed."""

from __future__ import annotations

import gzip
import lzma
from pathlib import Path

import pytest

from ffi_spectrum.errors import ResultsError
from ffi_spectrum.results.lines import read_lines
from ffi_spectrum.results.writer import Writer, check_writable

CONTENT = b'{"kind":"run"}\n{"kind":"process"}\n{"ki'


def test_a_compressed_file_is_read_as_what_it_holds(tmp_path: Path) -> None:
    for name, content in (("a.jsonl", CONTENT), ("a.gz", gzip.compress(CONTENT)), ("a.xz", lzma.compress(CONTENT))):
        (tmp_path / name).write_bytes(content)
        assert read_lines(tmp_path / name) == (CONTENT[:-4], b'{"ki')


@pytest.mark.parametrize("suffix", ["gz", "xz"])
def test_a_damaged_file_is_one_sentence(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"run.jsonl.{suffix}"
    whole = gzip.compress(CONTENT * 1000) if suffix == "gz" else lzma.compress(CONTENT * 1000)
    for content in (CONTENT, whole[: len(whole) // 2], whole[:30] + b"\0\1\2\3" + whole[34:]):
        path.write_bytes(content)
        with pytest.raises(ResultsError, match=f"{path.name} cannot be read: "):
            read_lines(path)
    with pytest.raises(ResultsError, match="No such file"):
        read_lines(tmp_path / f"none.{suffix}")


def test_nothing_is_appended_to_a_compressed_file(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl.xz"
    for refused in (Writer, lambda path: check_writable(path, "")):
        with pytest.raises(ResultsError, match="can be read only"):
            refused(path)
    assert not path.exists()
