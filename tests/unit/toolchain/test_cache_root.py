"""Where the build cache is, if nobody says where: in a folder that really takes files."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

from ffi_spectrum.toolchain.cache import default_cache_root


def test_default_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FFI_SPECTRUM_CACHE", str(tmp_path / "chosen"))
    assert default_cache_root() == tmp_path / "chosen"
    monkeypatch.delenv("FFI_SPECTRUM_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert default_cache_root() == tmp_path / "xdg" / "ffi-spectrum"
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    assert default_cache_root().name == f"ffi-spectrum-{os.getuid()}"


def test_a_default_root_that_takes_no_file_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """/proc/self takes none even from root, whom no mode stops."""
    monkeypatch.delenv("FFI_SPECTRUM_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    (tmp_path / "ffi-spectrum").symlink_to("/proc/self")
    assert default_cache_root() == Path(tempfile.gettempdir()) / f"ffi-spectrum-{os.getuid()}"
